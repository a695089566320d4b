using Ntm.Node.Paths.Hard;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>What a peer that names other people's addresses can make us probe.</summary>
public sealed class ProbeBudgetTests
{
    private static readonly RealAddress Victim = RealAddress.FromIPv4(0xCB00_7101, 4000);
    private readonly ProbeBudget _budget = new();

    [Fact]
    public void A_host_gets_its_share_in_any_ten_minutes_however_many_peers_and_ports_name_it()
    {
        var sent = new List<TimeSpan>();
        for (var now = TimeSpan.FromSeconds(7.3); now < TimeSpan.FromHours(2); now += TimeSpan.FromMilliseconds(300))
        {
            if (_budget.TrySpend(now, Peer((int)now.TotalSeconds % 50), Victim.WithPort((ushort)(1024 + ((int)now.TotalMilliseconds % 50_000)))))
            {
                sent.Add(now);
            }
        }

        Assert.InRange(sent.Count, 9 * Limits.ProbeDatagrams, 12 * Limits.ProbeDatagrams);
        Assert.All(sent.Select((at, i) => (at, i)), s => Assert.True(s.i < Limits.ProbeDatagrams || s.at - sent[s.i - Limits.ProbeDatagrams] >= Limits.ProbePeriod));
    }

    [Fact]
    public void A_peer_gets_no_more_by_naming_many_hosts()
    {
        var sent = 0;
        for (var host = 0u; host < 5000; host++)
        {
            sent += _budget.TrySpend(TimeSpan.Zero, Peer(1), RealAddress.FromIPv4(0xCB00_0000 + host, 4000)) ? 1 : 0;
        }

        Assert.Equal(Limits.ProbeDatagrams, sent);
        Assert.Equal(0, _budget.Left(TimeSpan.FromMinutes(9), Peer(1), Victim));
        Assert.Equal(Limits.ProbeDatagrams, _budget.Left(TimeSpan.FromMinutes(12), Peer(1), Victim));
    }

    [Fact]
    public void All_together_get_no_more_than_there_is()
    {
        var sent = 0;
        for (var n = 0; n < 20_000; n++)
        {
            sent += _budget.TrySpend(TimeSpan.Zero, Peer(n % 100), RealAddress.FromIPv4(0xCB00_0000 + (uint)n, 4000)) ? 1 : 0;
        }

        Assert.Equal(Limits.ProbeDatagramsInAll, sent);
    }

    private static string Peer(int n) => $"peer {n}";
}
