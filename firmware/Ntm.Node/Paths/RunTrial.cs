using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>What is known of an uplink's runs: datagrams that the kernel or the device is handed as one and cuts (UDP_SEGMENT).</summary>
public enum RunVerdict
{
    /// <summary>Not tried, or it cannot be told yet. Runs are used.</summary>
    Unknown,

    /// <summary>A run arrived whole.</summary>
    Carried,

    /// <summary>No run arrived whole, and every single datagram did: something on the way out spoils runs.</summary>
    Spoilt,
}

/// <summary>
/// One trial: runs and single datagrams in turn, a judgement when the answers are in. Pure. A path that loses datagrams at random is not taken for one that spoils runs:
/// with 10 % of loss each way by less than one trial in a hundred, with 5 % one in a thousand.
/// </summary>
internal sealed class RunTrial
{
    private readonly int[] _answered = new int[Limits.RunCheckRounds];
    private int _sent;
    private int _singlesAnswered;

    /// <summary>Steps so far: a run, a single one, a run ...</summary>
    public int Step { get; private set; }

    /// <summary>Whether all has been sent.</summary>
    public bool IsSent => Step == 2 * Limits.RunCheckRounds;

    /// <summary>Whether the next step is a run.</summary>
    public bool IsRunNext => Step % 2 == 0;

    public void Sent()
    {
        _sent += IsRunNext ? 0 : 1;
        Step++;
    }

    /// <param name="step">In which the answered check was sent.</param>
    public void Answered(int step)
    {
        if (step % 2 == 0)
        {
            _answered[step / 2]++;
        }
        else
        {
            _singlesAnswered++;
        }
    }

    /// <param name="over">No more answers are to come.</param>
    public RunVerdict Judge(bool over) =>
        Array.IndexOf(_answered, Limits.RunCheckLength) >= 0 ? RunVerdict.Carried
        : over && IsSent && _singlesAnswered == _sent ? RunVerdict.Spoilt
        : RunVerdict.Unknown;
}
