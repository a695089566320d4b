using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>What a peer that names other people's addresses can make us send there.</summary>
public sealed class PathBudgetsTests
{
    private static readonly RealAddress Victim = RealAddress.FromIPv4(0xCB00_7101, 4000);
    private readonly PathBudgets _budgets = new();

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

        Assert.InRange(sent, 1000, 4096);
        Assert.Equal(1, Spend(RealAddress.FromIPv4(0x0B00_0000, 1), 100, TimeSpan.FromSeconds(11), 1));
    }

    private int Spend(RealAddress address, int bytes, TimeSpan now, int times)
    {
        var sent = 0;
        for (var i = 0; i < times; i++)
        {
            sent += _budgets.TrySpend(now, address, bytes) ? 1 : 0;
        }

        return sent;
    }
}
