using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>
/// How many datagrams one peer may make us send to addresses that have not proven that they want them, whichever these are: who names others' addresses without end
/// makes us send no more than who names sixteen. Counted in periods of <see cref="Limits.UnprovenPeriod"/>.
/// </summary>
/// <param name="most">Datagrams in a period.</param>
/// <param name="owners">The purse of all nodes of its owner together; null: they are our own.</param>
public sealed class Purse(int most, Purse? owners)
{
    private TimeSpan _until = TimeSpan.MinValue;
    private int _spent;

    /// <summary>Whether a datagram may be sent now. Takes nothing.</summary>
    public bool Has(TimeSpan now) => (_until <= now || _spent < most) && owners?.Has(now) != false;

    /// <summary>Takes one.</summary>
    public void Take(TimeSpan now)
    {
        if (_until <= now)
        {
            (_until, _spent) = (now + Limits.UnprovenPeriod, 0);
        }

        _spent++;
        owners?.Take(now);
    }
}
