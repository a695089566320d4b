namespace Ntm.Benchmarks.Measurements;

/// <summary>
/// Looks for the highest rate at which less than 1 % is lost: grows while all is well, then halves the interval (geometrically) until its ends are within 5 %.
/// A rate that fails by little is tried once more, since the machine's other work may have been the reason. The number of runs is bounded.
/// </summary>
internal sealed class RateSearch
{
    private const double MostLost = 0.01, Narrow = 1.05, Growth = 1.6, NearlyKept = 0.05, SenderBehind = 0.95;

    private double _kept;
    private double _failed = double.PositiveInfinity;
    private bool _again;
    private int _runsLeft;

    /// <param name="first">Packets a second to begin with.</param>
    /// <param name="mostRuns">After as many the best so far is the answer.</param>
    public RateSearch(double first, int mostRuns) => (Next, _runsLeft) = (first, mostRuns);

    /// <summary>The rate to be tried; null: the search is over.</summary>
    public double? Next { get; private set; }

    /// <summary>The highest rate that was received with less than 1 % lost; 0: none was.</summary>
    public double Best { get; private set; }

    /// <summary>Whether the sender could not send faster: what is measured may do more.</summary>
    public bool SenderLimited { get; private set; }

    /// <summary>What came of a run at <see cref="Next"/>.</summary>
    public void Tell(StreamResult result)
    {
        var tried = Next ?? throw new InvalidOperationException("The search is over.");
        var limited = result.SentRate < tried * SenderBehind;
        _runsLeft--;
        if (result.Loss < MostLost)
        {
            _again = false;
            _kept = tried;
            (Best, SenderLimited) = result.ReceivedRate > Best ? (result.ReceivedRate, limited) : (Best, SenderLimited);
        }
        else if (!_again && result.Loss < NearlyKept)
        {
            _again = true;
        }
        else
        {
            _again = false;
            _failed = tried;
        }

        Next = _runsLeft == 0 || _failed / _kept < Narrow || (limited && result.Loss < MostLost) ? null
            : _again ? tried
            : double.IsInfinity(_failed) ? tried * Growth
            : _kept == 0 ? tried / Growth
            : Math.Sqrt(_kept * _failed);
    }
}
