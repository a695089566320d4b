using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>What a peer that names other people's addresses can make us send there.</summary>
public sealed class PathBudgetsTests
{
    private static readonly RealAddress Victim = RealAddress.FromIPv4(0xCB00_7101, 4000);
    private readonly PathBudgets _budgets = new();
    private readonly Purse _unbounded = new(int.MaxValue, null);

    [Fact]
    public void An_address_gets_ten_datagrams_in_ten_seconds()
    {
        Assert.Equal(10, Spend(Victim, 100, TimeSpan.Zero, 50));
        Assert.Equal(0, Spend(Victim, 100, TimeSpan.FromSeconds(9.9), 50));
        Assert.Equal(10, Spend(Victim, 100, TimeSpan.FromSeconds(10), 50));
    }

    [Fact]
    public void And_1500_bytes() => Assert.Equal(10, Spend(Victim, 148, TimeSpan.Zero, 50) + Spend(Victim.WithPort(9), 1501, TimeSpan.Zero, 1));

    [Fact]
    public void It_earns_three_times_what_comes_from_it()
    {
        Spend(Victim, 150, TimeSpan.Zero, 10);
        _budgets.Earn(TimeSpan.Zero, Victim, 1000);
        Assert.Equal(10, Spend(Victim, 150, TimeSpan.Zero, 50));
    }

    [Fact]
    public void A_host_is_not_flooded_through_its_many_ports()
    {
        var sent = 0;
        for (ushort port = 1; port < 2000; port++)
        {
            sent += Spend(Victim.WithPort(port), 100, TimeSpan.Zero, 10);
        }

        Assert.Equal(40, sent);
    }

    [Fact]
    public void Many_addresses_fill_the_table_and_then_get_nothing_until_time_has_passed()
    {
        var sent = 0;
        for (var host = 0u; host < 100_000; host++)
        {
            sent += Spend(RealAddress.FromIPv4(0x0A00_0000 + host, 1), 100, TimeSpan.Zero, 1);
        }

        Assert.InRange(sent, 1000, 8192);
        Assert.Equal(1, Spend(RealAddress.FromIPv4(0x0B00_0000, 1), 100, TimeSpan.FromSeconds(11), 1));
    }

    [Fact]
    public void A_peer_has_160_and_an_owners_nodes_together_320()
    {
        var owner = new Purse(Limits.UnprovenDatagramsPerOwner, null);
        var sent = new int[4];
        for (var peer = 0; peer < sent.Length; peer++)
        {
            var purse = new Purse(Limits.UnprovenDatagramsPerPeer, owner);
            for (var host = 0u; host < 1000; host++)
            {
                sent[peer] += _budgets.TrySpend(TimeSpan.Zero, purse, RealAddress.FromIPv4(0x2000_0000u + ((uint)peer << 16) + host, 1), 100) ? 1 : 0;
            }
        }

        Assert.Equal([160, 160, 0, 0], sent);
        Assert.True(_budgets.TrySpend(Limits.UnprovenPeriod, new Purse(1, owner), Victim, 100));
    }

    private int Spend(RealAddress address, int bytes, TimeSpan now, int times)
    {
        var sent = 0;
        for (var i = 0; i < times; i++)
        {
            sent += _budgets.TrySpend(now, _unbounded, address, bytes) ? 1 : 0;
        }

        return sent;
    }
}
