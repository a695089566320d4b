namespace Ntm.Linux;

/// <summary>
/// Whether sharing a batch's work pays at present: on a machine that is busy with other things a lane that was interrupted holds the whole batch up. Found out
/// by trying, again and again: some batches alone, some shared, then for a while whichever took less time a piece. Pure: time is what it is told.
/// </summary>
public sealed class LaneTrial
{
    /// <summary>Batches of each trial, and from one pair of trials to the next: a twentieth is tried the worse way.</summary>
    private const int Each = 24, Cycle = 1024;

    /// <summary>Shared must take at most 90 % of the time: it takes another processor's time, too.</summary>
    private const double Worth = 0.9;

    private readonly (long Ticks, long Pieces)[] _sums = new (long, long)[2];
    private int _at;
    private bool _pays;

    /// <summary>How the next batch is to be done.</summary>
    public bool Shares => _at < Each ? false : _at < 2 * Each || _pays;

    /// <summary>A batch was done so, in this time.</summary>
    public void Took(long ticks, int pieces)
    {
        if (_at < 2 * Each)
        {
            ref var sum = ref _sums[_at / Each];
            sum = (sum.Ticks + ticks, sum.Pieces + pieces);
        }

        if (++_at == 2 * Each)
        {
            var (alone, shared) = (_sums[0], _sums[1]);
            _pays = (double)shared.Ticks * alone.Pieces < Worth * alone.Ticks * shared.Pieces;
        }
        else if (_at == Cycle)
        {
            _at = 0;
            Array.Clear(_sums);
        }
    }
}
