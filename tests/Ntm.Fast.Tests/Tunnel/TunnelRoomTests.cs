using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>The small parts by themselves: clock, staging, deadlines, source limits, cookie jar.</summary>
public sealed class TunnelRoomTests
{
    private static readonly DateTimeOffset Epoch = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Timestamps_increase_whatever_the_wall_clock_does_and_the_mark_is_ahead()
    {
        var marks = new List<ulong>();
        var clock = new HandshakeClock(0);
        var last = new byte[12];
        foreach (var wall in (DateTimeOffset[])[Epoch.AddYears(50), Epoch.AddYears(50), Epoch, Epoch.AddYears(-20), Epoch.AddYears(50).AddSeconds(1),
            DateTimeOffset.MaxValue, DateTimeOffset.MinValue, Epoch.AddYears(50)])
        {
            var before = clock.Mark;
            var next = new byte[12];
            clock.Next(wall, next, marks.Add);
            Assert.True(next.AsSpan().SequenceCompareTo(last) > 0);
            Assert.True(Value(next) < clock.Mark);
            Assert.True(clock.Mark == before || marks[^1] == clock.Mark);
            last = next;
        }

        Assert.Equal(2, marks.Count);
    }

    [Fact]
    public void After_a_power_cut_with_the_clock_at_1970_timestamps_are_beyond_all_used_before()
    {
        var used = new byte[12];
        var clock = new HandshakeClock(0);
        for (var i = 0; i < 100; i++)
        {
            clock.Next(Epoch.AddYears(56).AddMinutes(i), used, null);
        }

        var again = new HandshakeClock(clock.Mark);
        var next = new byte[12];
        again.Next(Epoch, next, null);
        Assert.True(next.AsSpan().SequenceCompareTo(used) > 0);
        Assert.Equal(clock.Mark + ((ulong)Limits.TimestampBlock.Ticks * 100), Value(next));
    }

    [Fact]
    public void A_timestamp_is_tai64n()
    {
        var timestamp = new byte[12];
        new HandshakeClock(0).Next(Epoch.AddSeconds(1), timestamp, null);
        // 2^62 + 10 + 1 s, less the whitening of up to 16.8 ms: so the second before.
        Assert.Equal("400000000000000a", Convert.ToHexStringLower(timestamp.AsSpan(0, 8)));
    }

    [Fact]
    public void The_oldest_staged_gives_way_first_of_the_peer_then_of_all()
    {
        var table = new TunnelTable(StaticKeyPair.Generate(new SeededEntropy(1)), new SeededEntropy(2), new Outbox());
        var staging = new Staging();
        var tunnels = new List<Tunnel.Tunnel>();
        for (ulong i = 0; i < 40; i++)
        {
            tunnels.Add(table.Add(StaticKeyPair.Generate(new SeededEntropy(10 + i)).Public, TunnelKind.Ntm));
        }

        for (var i = 0; i < Limits.StagedPacketsPerPeer + 3; i++)
        {
            staging.Add(tunnels[0], BitConverter.GetBytes(i));
        }

        Assert.Equal(Limits.StagedPacketsPerPeer, tunnels[0].Staged);
        Assert.Equal(3, staging.GaveWay);
        Assert.True(staging.TryTake(tunnels[0], out var first));
        Assert.Equal(3, BitConverter.ToInt32(first.Bytes));

        foreach (var tunnel in tunnels)
        {
            for (var i = 0; i < Limits.StagedPacketsPerPeer; i++)
            {
                staging.Add(tunnel, new byte[1400]);
                Assert.True(staging.Bytes <= Limits.StagedBytesInAll);
            }
        }

        Assert.Equal(0, tunnels[0].Staged);
        Assert.Equal(Limits.StagedPacketsPerPeer, tunnels[^1].Staged);
        foreach (var tunnel in tunnels)
        {
            staging.Drop(tunnel);
        }

        Assert.Equal(0, staging.Bytes);
    }

    [Fact]
    public void Deadlines_are_never_late()
    {
        var table = new TunnelTable(StaticKeyPair.Generate(new SeededEntropy(1)), new SeededEntropy(2), new Outbox());
        var deadlines = new Deadlines();
        var wanted = new Dictionary<Tunnel.Tunnel, TimeSpan>();
        var dice = new Random(7);
        var tunnels = new List<Tunnel.Tunnel>();
        for (ulong i = 0; i < 60; i++)
        {
            tunnels.Add(table.Add(StaticKeyPair.Generate(new SeededEntropy(10 + i)).Public, TunnelKind.Ntm));
        }

        for (var i = 0; i < 20_000; i++)
        {
            var tunnel = tunnels[dice.Next(tunnels.Count)];
            var when = TimeSpan.FromTicks(dice.Next(1, 1000));
            switch (dice.Next(4))
            {
                case 0:
                    deadlines.Remove(tunnel);
                    wanted.Remove(tunnel);
                    break;
                case 1:
                    deadlines.Set(tunnel, when);
                    wanted[tunnel] = when;
                    break;
                default:
                    deadlines.Advance(tunnel, when);
                    wanted[tunnel] = wanted.TryGetValue(tunnel, out var old) && old < when ? old : when;
                    break;
            }

            Assert.Equal(wanted.Count == 0 ? TimeSpan.MaxValue : wanted.Values.Min(), deadlines.Next);
        }
    }

    [Fact]
    public void A_source_gets_its_burst_and_its_rate_and_the_table_stays_bounded()
    {
        var limits = new SourceLimits();
        var second = TimeSpan.FromSeconds(1);
        var path = new WirePath(0, RealAddress.FromIPv4(0xC0000201, 1), 0);
        var at = TimeSpan.FromHours(5);
        for (var i = 0; i < Limits.HandshakeBurstPerSource; i++)
        {
            Assert.True(limits.TryTake(at, path));
        }

        Assert.False(limits.TryTake(at, path));
        Assert.True(limits.TryTake(at, path with { Channel = 1 }));
        Assert.True(limits.TryTake(at, path with { Remote = path.Remote.WithPort(2) }));
        Assert.True(limits.TryTake(at + (second / Limits.HandshakesPerSecondPerSource), path));

        for (uint i = 0; i < 2 * Limits.RateLimitedSources; i++)
        {
            limits.TryTake(at, new WirePath(0, RealAddress.FromIPv4(i, 1), 0));
        }

        Assert.Equal(Limits.RateLimitedSources, limits.Count);
        Assert.True(limits.TryTake(at + second + second, path with { Channel = 99 }));
        Assert.Equal(1, limits.Count);
    }

    [Fact]
    public void Cookies_are_kept_per_path_for_two_minutes_and_few()
    {
        var jar = new CookieJar();
        var path = new WirePath(0, RealAddress.FromIPv4(0xC0000201, 1), 0);
        var at = TimeSpan.FromHours(5);
        jar.Put(at, path, new byte[16]);
        Assert.NotNull(jar.Find(at, path));
        Assert.Null(jar.Find(at, path with { Channel = 4 }));
        Assert.Null(jar.Find(at + Limits.CookieLifetime, path));
        for (uint i = 0; i < 100; i++)
        {
            jar.Put(at, path with { Channel = i + 1 }, new byte[16]);
        }

        Assert.Null(jar.Find(at, path with { Channel = 50 }));
        Assert.NotNull(jar.Find(at, path with { Channel = 100 }));
    }

    private static ulong Value(byte[] timestamp) =>
        ((System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(timestamp) - 0x4000_0000_0000_000A) * 1_000_000_000)
        + System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(timestamp.AsSpan(8));
}
