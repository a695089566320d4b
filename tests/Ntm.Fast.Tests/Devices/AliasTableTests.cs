using System.Net;
using System.Text;
using Ntm.Node.Devices;
using Ntm.Node.Naming;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

public sealed class AliasTableTests
{
    private readonly Dictionary<string, StoreWrite> _store = [];
    private readonly Counters _counters = new();
    private Now _now = new(TimeSpan.FromHours(1), new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private int _writes;

    [Fact]
    public void An_alias_is_the_same_each_time_and_after_a_restart()
    {
        var table = Table();
        var first = Take(table, Vip(1, 1));
        Assert.Equal("198.18.0.2", Home.Dotted(first));
        var second = Take(table, Vip(1, 2));
        Assert.NotEqual(first, second);
        Assert.Equal(first, Take(table, Vip(1, 1)));
        Assert.True(table.TryFind(_now, first, out var vip));
        Assert.Equal(Vip(1, 1), vip);
        Assert.True(table.TryPeek(Vip(1, 2), out var alias));
        Assert.Equal(second, alias);
        Assert.False(table.TryFind(_now, first + 77, out _));
        Assert.Equal(2, _writes);

        var later = Table();
        Assert.Equal([first, second], later.Describe().Select(a => a.Alias));
        Assert.Equal(new DateOnly(2026, 1, 1), later.Describe()[0].UsedOn);
        Assert.Equal(second, Take(later, Vip(1, 2)));
        Assert.Equal("198.18.0.4", Home.Dotted(Take(later, Vip(9, 9))));
    }

    [Fact]
    public void Network_broadcast_and_router_addresses_are_never_given_away()
    {
        var table = Table("192.0.2.0", 22);
        var taken = Enumerable.Range(0, 1015).Select(i => Take(table, Vip(i, 0))).ToHashSet();
        Assert.Equal(1015, taken.Count);
        Assert.DoesNotContain(taken, a => (byte)a is 0 or 255);
        Assert.DoesNotContain(table.RouterAddress, taken);
        Assert.All(taken, a => Assert.True(table.Contains(a)));
        Assert.False(table.TryGetOrAdd(_now, Vip(2000, 0), out _, out var refusal));
        Assert.Contains("192.0.0.0/22", refusal, StringComparison.Ordinal);
        Assert.Contains("1015", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_was_idle_for_30_days_is_used_again_the_longest_idle_first()
    {
        var table = Table("198.51.100.0", 29);
        var taken = new List<uint>();
        for (var i = 0; i < 5; i++)
        {
            taken.Add(Take(table, Vip(i, 0)));
            Pass(TimeSpan.FromDays(1));
        }

        // The oldest is used again and again; the second becomes the longest idle.
        Pass(TimeSpan.FromDays(26));
        Take(table, Vip(0, 0));
        Assert.False(table.TryGetOrAdd(_now, Vip(100, 0), out _, out _));
        Pass(TimeSpan.FromDays(1));
        Assert.Equal(taken[1], Take(table, Vip(100, 0)));
        Assert.False(table.TryPeek(Vip(1, 0), out _));
        Assert.False(table.TryGetOrAdd(_now, Vip(101, 0), out _, out _));
        Pass(TimeSpan.FromDays(1));
        Assert.Equal(taken[2], Take(table, Vip(101, 0)));
        Assert.Equal(5, _store.Count);
    }

    [Fact]
    public void A_clock_that_jumps_takes_nothing_from_what_was_used_in_this_run()
    {
        var table = Table("198.51.100.0", 29);
        for (var i = 0; i < 5; i++)
        {
            Take(table, Vip(i, 0));
        }

        _now = new(_now.Boot + TimeSpan.FromMinutes(1), _now.Wall.AddYears(20));
        Assert.False(table.TryGetOrAdd(_now, Vip(100, 0), out _, out _));

        // Power-on with a clock that stands at 1970: nothing is idle, nothing is written back in time.
        var later = Table("198.51.100.0", 29);
        _now = new(TimeSpan.FromMinutes(1), DateTimeOffset.UnixEpoch);
        var writes = _writes;
        Assert.False(later.TryGetOrAdd(_now, Vip(100, 0), out _, out _));
        Take(later, Vip(3, 0));
        Assert.Equal(writes, _writes);
    }

    [Fact]
    public void One_node_cannot_use_up_the_range()
    {
        var table = Table();
        for (var i = 0; i < Limits.AliasesPerNode; i++)
        {
            Take(table, Vip(1, i));
        }

        Assert.False(table.TryGetOrAdd(_now, Vip(1, 5000), out _, out var refusal));
        Assert.Contains("30 days", refusal, StringComparison.Ordinal);
        Take(table, Vip(2, 1));
        Pass(TimeSpan.FromDays(32));
        Take(table, Vip(1, 5000));
        Assert.Equal(Limits.AliasesPerNode + 1, table.Count);
    }

    [Fact]
    public void The_table_is_bounded()
    {
        var table = Table();
        for (var i = 0; i < Limits.Aliases; i++)
        {
            Take(table, Vip(i / 1000, i));
        }

        Assert.False(table.TryGetOrAdd(_now, Vip(9999, 0), out _, out _));
        Assert.Equal(Limits.Aliases, table.Count);
    }

    [Fact]
    public void A_use_is_written_once_a_day()
    {
        var table = Table();
        var alias = Take(table, Vip(1, 1));
        for (var i = 0; i < 100; i++)
        {
            Pass(TimeSpan.FromMinutes(1));
            Assert.True(table.TryFind(_now, alias, out _));
        }

        Assert.Equal(1, _writes);
        Pass(TimeSpan.FromDays(1));
        Assert.True(table.TryFind(_now, alias, out _));
        Assert.Equal(2, _writes);
    }

    [Fact]
    public void Another_range_forgets_the_old_aliases()
    {
        Take(Table(), Vip(1, 1));
        var table = Table("198.51.100.0", 24);
        Assert.Equal(0, table.Count);
        Assert.Empty(_store);
        Assert.Equal(0, _counters[AliasTable.EntryUnreadable]);
    }

    [Theory]
    [InlineData("198.18.0.9", "")]
    [InlineData("198.18.0.9", """{"version":9,"vip":"fd00::1","usedOn":1}""")]
    [InlineData("198.18.0.9", """{"version":1,"vip":"192.0.2.1","usedOn":1}""")]
    [InlineData("198.18.0.9", """{"version":1,"vip":"rubbish","usedOn":1}""")]
    [InlineData("198.18.0.9", """{"version":1,"usedOn":1}""")]
    [InlineData("198.18.0.9", """{"version":1,"vip":"fd00::1","usedOn":-1}""")]
    [InlineData("198.18.0.9", """{"version":1,"vip":"fd00::1","usedOn":2147483647}""")]
    [InlineData("rubbish", """{"version":1,"vip":"fd00::1","usedOn":1}""")]
    [InlineData("::1", """{"version":1,"vip":"fd00::1","usedOn":1}""")]
    public void A_corrupt_entry_is_counted_and_passed_over(string key, string value)
    {
        _store[key] = new(AliasTable.Collection, key, Encoding.UTF8.GetBytes(value));
        var table = Table();
        Assert.Equal(1, _counters[AliasTable.EntryUnreadable]);
        Assert.Equal(0, table.Count);
        Assert.Equal(0, _writes);
    }

    private static VirtualAddress Vip(int node, int number) => VirtualAddress.Compose(5, (ulong)node + 1, (ushort)number);

    private AliasTable Table(string network = "198.18.0.0", int prefixLength = 15)
    {
        var table = new AliasTable(ReverseName.HostOrder(IPAddress.Parse(network)), prefixLength, _counters, Keep);
        table.Load([.. _store.Values]);
        return table;
    }

    private uint Take(AliasTable table, VirtualAddress vip)
    {
        Assert.True(table.TryGetOrAdd(_now, vip, out var alias, out var refusal), refusal);
        return alias;
    }

    private void Pass(TimeSpan time) => _now = new(_now.Boot + time, _now.Wall + time);

    private void Keep(StoreWrite write)
    {
        _writes++;
        if (write.Value is null)
        {
            _store.Remove(write.Key);
        }
        else
        {
            _store[write.Key] = write;
        }
    }
}
