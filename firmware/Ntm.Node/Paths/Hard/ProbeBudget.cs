using Ntm.Protocol;

namespace Ntm.Node.Paths.Hard;

/// <summary>
/// What may be probed (docs/protocol.md section 5, "Hard NATs"): of each host, whichever peers name it; because of each peer, all of another owner's
/// together; and in all. So a peer that names another's
/// address makes us send there at most <see cref="Limits.ProbeDatagrams"/> datagrams of some 100 bytes in any <see cref="Limits.ProbePeriod"/>. It is its own
/// purse: ordinary checks neither fill nor empty it.
/// </summary>
public sealed class ProbeBudget
{
    private readonly Dictionary<RealAddress, Spending> _hosts = [];
    private readonly Dictionary<string, Spending> _peers = new(StringComparer.Ordinal);
    private readonly Spending _all = new();

    /// <summary>Who counts as one: a node of ours, or an owner.</summary>
    public static string Of(Peer peer) => peer.IsOthers ? peer.Binding.Zone : peer.Binding.Key.ToString();

    /// <summary>How many probes to this host because of this peer may be sent now.</summary>
    /// <param name="peer">By <see cref="Of(Peer)"/>.</param>
    public int Left(TimeSpan now, string peer, RealAddress host) => Math.Max(0, Math.Min(
        Limits.ProbeDatagramsInAll - _all.Sum(now),
        Limits.ProbeDatagrams - Math.Max(_hosts.GetValueOrDefault(host.WithPort(0))?.Sum(now) ?? 0, _peers.GetValueOrDefault(peer)?.Sum(now) ?? 0)));

    /// <summary>Takes one probe.</summary>
    /// <returns>False where it may not be sent now.</returns>
    public bool TrySpend(TimeSpan now, string peer, RealAddress host)
    {
        if (Left(now, peer, host) == 0)
        {
            return false;
        }

        Of(_hosts, host.WithPort(0), now).Add(now);
        Of(_peers, peer, now).Add(now);
        _all.Add(now);
        return true;
    }

    // Each entry has spent something within the period, and all together no more than the limit: so there are no more entries than that.
    private static Spending Of<T>(Dictionary<T, Spending> all, T key, TimeSpan now)
        where T : notnull
    {
        if (!all.TryGetValue(key, out var spending))
        {
            foreach (var (gone, _) in all.Where(s => s.Value.Sum(now) == 0).ToArray())
            {
                all.Remove(gone);
            }

            all.Add(key, spending = new());
        }

        return spending;
    }

    /// <summary>Minutes in a ring, one more than the period has: what is counted is never too little.</summary>
    private sealed class Spending
    {
        private readonly int[] _minutes = new int[(int)Limits.ProbePeriod.TotalMinutes + 1];
        private long _latest;

        public int Sum(TimeSpan now)
        {
            Turn(now);
            return _minutes.Sum();
        }

        public void Add(TimeSpan now)
        {
            Turn(now);
            _minutes[_latest % _minutes.Length]++;
        }

        private void Turn(TimeSpan now)
        {
            var minute = (long)now.TotalMinutes;
            for (var n = 0; _latest < minute && n < _minutes.Length; n++)
            {
                _minutes[++_latest % _minutes.Length] = 0;
            }

            _latest = Math.Max(_latest, minute);
        }
    }
}
