using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>
/// What may be sent to addresses that have not proven that they want it (docs/protocol.md section 5): a peer that names other people's
/// addresses as its own makes us send them next to nothing. One table for all peers, so that many peers naming one victim gain nothing.
/// </summary>
public sealed class PathBudgets
{
    private const int Addresses = 8192;

    /// <summary>Ports of one host together get this many times one address's budget.</summary>
    private const int PortsPerHost = 4;

    private readonly Dictionary<RealAddress, Spent> _spent = [];

    /// <summary>Takes <paramref name="bytes"/> from the address's budget, and a datagram from the peer's for whom they are sent.</summary>
    /// <returns>False where they may not be sent now.</returns>
    public bool TrySpend(TimeSpan now, Purse purse, RealAddress address, int bytes)
    {
        var host = address.WithPort(0);
        if (!purse.Has(now) || !Within(now, address, bytes, 1) || !Within(now, host, bytes, PortsPerHost))
        {
            return false;
        }

        purse.Take(now);
        Take(now, address, bytes);
        Take(now, host, bytes);
        return true;
    }

    /// <summary>Authenticated bytes came from the address: it earned three times as many.</summary>
    public void Earn(TimeSpan now, RealAddress address, int bytes)
    {
        Credit(now, address, bytes);
        Credit(now, address.WithPort(0), bytes);
    }

    private bool Within(TimeSpan now, RealAddress key, int bytes, int times)
    {
        if (!_spent.TryGetValue(key, out var spent) || spent.Until <= now)
        {
            return bytes <= Limits.UnprovenBytes * times && (_spent.Count < Addresses || Sweep(now));
        }

        return (spent.Datagrams < Limits.UnprovenDatagrams * times && spent.Bytes + bytes <= Limits.UnprovenBytes * times)
            || spent.Bytes + bytes <= Limits.Amplification * spent.Earned;
    }

    private void Take(TimeSpan now, RealAddress key, int bytes)
    {
        var spent = Current(now, key);
        _spent[key] = spent with { Datagrams = spent.Datagrams + 1, Bytes = spent.Bytes + bytes };
    }

    private void Credit(TimeSpan now, RealAddress key, int bytes)
    {
        if (_spent.Count < Addresses || _spent.ContainsKey(key) || Sweep(now))
        {
            var spent = Current(now, key);
            _spent[key] = spent with { Earned = spent.Earned + bytes };
        }
    }

    private Spent Current(TimeSpan now, RealAddress key) =>
        _spent.TryGetValue(key, out var spent) && spent.Until > now ? spent : new(now + Limits.UnprovenPeriod, 0, 0, 0);

    private bool Sweep(TimeSpan now)
    {
        foreach (var (key, spent) in _spent)
        {
            if (spent.Until <= now)
            {
                _spent.Remove(key);
            }
        }

        return _spent.Count < Addresses;
    }

    private readonly record struct Spent(TimeSpan Until, int Datagrams, int Bytes, long Earned);
}
