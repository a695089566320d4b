using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>How fast a restarted server begins its tunnels again, and with whom.</summary>
public sealed class ReunionTests
{
    [Theory]
    [InlineData(10, 20)]
    [InlineData(1500, 20)]
    [InlineData(3000, 10)]
    [InlineData(12_000, 2.5)]
    public void Tunnels_are_20_ms_apart_or_as_close_as_it_takes_to_be_through_in_30_s(int members, double apart)
    {
        var (reunion, outbox, peers) = Make(members);
        var boot = TimeSpan.FromHours(1);
        var last = boot;
        for (var begun = 0; begun < members && begun < 200;)
        {
            boot = reunion.NextDeadline > boot ? reunion.NextDeadline : boot;
            reunion.HandleTimeout(new Now(boot, DateTimeOffset.UnixEpoch));
            while (outbox.TryTakeDatagram(out var path, out var datagram))
            {
                Assert.Equal(peers[begun], path);
                Assert.Equal(TunnelMessage.InitiationSize, datagram.Length);
                Assert.True(begun == 0 || Math.Abs((boot - last).TotalMilliseconds - apart) < 0.01);
                last = boot;
                begun++;
            }
        }
    }

    [Fact]
    public void Who_has_come_by_itself_is_left_alone_and_who_says_nothing_is_ended_after_5_s()
    {
        var (reunion, outbox, _) = Make(3, out var tunnels, out var silent);
        var boot = TimeSpan.FromHours(1);
        tunnels.Add(Key(1), TunnelKind.Ntm);
        for (var i = 0; i < 100; i++)
        {
            reunion.HandleTimeout(new Now(boot, DateTimeOffset.UnixEpoch));
            tunnels.HandleTimeout(new Now(boot, DateTimeOffset.UnixEpoch));
            boot += TimeSpan.FromMilliseconds(100);
        }

        var sent = 0;
        while (outbox.TryTakeDatagram(out var path, out _))
        {
            Assert.NotEqual(Path(1), path);
            sent++;
        }

        Assert.Equal(2 * (1 + Limits.InitiationRepeats.Length), sent);
        Assert.Equal([Key(0), Key(2)], silent);
        Assert.Equal(TimeSpan.MaxValue, reunion.NextDeadline);
    }

    private static (Reunion Reunion, Outbox Outbox, WirePath[] Peers) Make(int members) => Make(members, out _, out _);

    private static (Reunion Reunion, Outbox Outbox, WirePath[] Peers) Make(int members, out TunnelTable tunnels, out List<PublicKey> silent)
    {
        var outbox = new Outbox();
        var ended = silent = [];
        var table = tunnels = new TunnelTable(StaticKeyPair.Generate(new SeededEntropy(1)), new SeededEntropy(2), outbox);
        var reunion = new Reunion(table, key => table.Add(key, TunnelKind.Ntm), (_, tunnel) =>
        {
            ended.Add(tunnel.Peer);
            table.Remove(tunnel);
        });
        var paths = Enumerable.Range(0, members).Select(Path).ToArray();
        for (var i = 0; i < members; i++)
        {
            reunion.Expect(Key(i), paths[i]);
        }

        return (reunion, outbox, paths);
    }

    private static WirePath Path(int n) => new(0, RealAddress.FromIPv4(0xC633_6400 + (uint)(n % 250), (ushort)(1024 + (n / 250))), 0);

    private static PublicKey Key(int n)
    {
        var bytes = new byte[PublicKey.Size];
        BitConverter.TryWriteBytes(bytes, n + 1000);
        bytes[31] = 0x40;
        return new PublicKey(bytes);
    }
}
