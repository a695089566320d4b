using System.Net;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Relay;
using Ntm.Simulation;

namespace Ntm.Benchmarks.Allocation;

/// <summary>
/// The product's cores, brought to where packets flow by the simulation: two homes of a zone with a direct tunnel, a device in each, and a relay that forwards for two others.
/// Then batches are handed to a core as a pump does, and what its thread allocates meanwhile is counted.
/// </summary>
internal sealed class CoreAllocation
{
    private const int Length = 1200, WarmBatches = 4000, Batches = 2000;

    private static readonly IPAddress AliceDevice6 = IPAddress.Parse("2001:db8:a::10"), BobDevice6 = IPAddress.Parse("2001:db8:b::20");

    private readonly PacketBatch _left = new();
    private readonly PacketBatch _right = new();

    public static IEnumerable<PathAllocation> Measure()
    {
        var cores = new CoreAllocation();
        return [.. cores.Homes(), cores.Relay()];
    }

    private IEnumerable<PathAllocation> Homes()
    {
        var (world, _, alice, bob) = Zone(NatKind.None);
        var (tv, nas) = (alice.AddDevice(10), bob.AddDevice(20));
        var (tv6, nas6) = (alice.AddDevice(10, AliceDevice6), bob.AddDevice(20, BobDevice6));
        world.RunFor(TimeSpan.FromSeconds(3));
        Demand(alice.Publish(tv, "tv").Done && bob.Publish(nas, "nas").Done, "the devices can be published");
        world.RunFor(TimeSpan.FromSeconds(2));
        var found = Ask(world, alice, "nas.bob.home.example");
        var alias = LanAddress.FromIPv4(found.Alias).ToIPAddress();
        for (var i = 0; i < 50; i++)
        {
            tv.SendUdp(alias, 40_000, 40_001, [1]);
            tv6.SendUdp(found.Vip.ToIPAddress(), 40_000, 40_001, [1]);
            world.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Demand(alice.Status.Peers.Single().Direct, "the homes have a direct path");
        foreach (var (device, to, name) in new[] { (tv, alias, "IPv4, translated"), (tv6, found.Vip.ToIPAddress(), "IPv6") })
        {
            var packet = Udp(device.Address, to);
            var outbound = Repeat(() => Fill(_left, packet, default), () => alice.Core.ReceivePackets(alice.Home.Router.Now, _left), () => Count(_left, Disposition.ToWire));
            yield return new($"core, home: TUN to wire, {name}", outbound.Packets, outbound.Bytes);
            var from = new WirePath(0, alice.Home.Router.Uplinks[0].Addresses[0], 0);
            var inbound = Repeat(
                () =>
                {
                    Fill(_left, packet, default);
                    alice.Core.ReceivePackets(alice.Home.Router.Now, _left);
                    Carry(from);
                },
                () => bob.Core.ReceiveDatagrams(bob.Home.Router.Now, _right), () => Count(_right, Disposition.ToTun));
            yield return new($"core, home: wire to TUN, {name}", inbound.Packets, inbound.Bytes);
        }
    }

    private PathAllocation Relay()
    {
        var (world, zone, alice, bob) = Zone(NatKind.Symmetric);
        var (tv, nas) = (alice.AddDevice(10), bob.AddDevice(20));
        world.RunFor(TimeSpan.FromSeconds(3));
        Demand(bob.Publish(nas, "nas").Done, "the device can be published");
        world.RunFor(TimeSpan.FromSeconds(2));
        var alias = LanAddress.FromIPv4(Ask(world, alice, "nas.bob.home.example").Alias).ToIPAddress();
        for (var i = 0; i < 20; i++)
        {
            tv.SendUdp(alias, 40_000, 40_001, [1]);
            world.RunFor(TimeSpan.FromMilliseconds(100));
        }

        var (host, relay) = zone.Relays["rs1"];
        var leg = relay.Describe(host.Now).Legs.First(l => !l.Address.IsNone);
        var datagram = new byte[Length];
        datagram[0] = TunnelMessage.Transport;
        TunnelMessage.WriteChannel(datagram, leg.Channel);
        var forwarded = Repeat(() => Fill(_left, datagram, new WirePath(0, leg.Address, 0)), () => relay.ReceiveDatagrams(host.Now, _left), () => Count(_left, Disposition.ToWire));
        return new("core, relay: forwarding", forwarded.Packets, forwarded.Bytes);
    }

    private static (World World, Zone Zone, HomeRouter Alice, HomeRouter Bob) Zone(NatKind kind)
    {
        var scenario = new Scenario(7);
        scenario.World.Flow.IsRecording = false;
        var zone = new Zone(scenario);
        zone.AddRelay();
        var (alice, bob) = (zone.AddRouter(scenario.Home("alice").Behind(kind).Build()), zone.AddRouter(scenario.Home("bob").Behind(kind).Build()));
        scenario.World.RunFor(TimeSpan.FromSeconds(2));
        alice.Join(zone.Invite(Role.Node, "alice"));
        bob.Join(zone.Invite(Role.Node, "bob"));
        Demand(scenario.World.RunUntil(() => alice.JoinEnd is { Done: true } && bob.JoinEnd is { Done: true }, TimeSpan.FromSeconds(10)), "the homes join");
        return (scenario.World, zone, alice, bob);
    }

    private static NameAnswer Ask(World world, HomeRouter router, string name)
    {
        var ticket = router.Ask(name);
        Demand(world.RunUntil(() => router.Answered(ticket) is not null, TimeSpan.FromSeconds(5)), $"{name} is answered");
        return router.Answered(ticket)!;
    }

    private static byte[] Udp(IPAddress from, IPAddress to)
    {
        var headers = from.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 28 : 48;
        return new IpPacket { Source = from, Destination = to, Content = IpContent.Udp, From = 40_000, To = 40_001, Payload = new byte[Length - headers] }.ToBytes();
    }

    private static void Fill(PacketBatch batch, byte[] bytes, WirePath path)
    {
        batch.Clear();
        while (!batch.IsFull)
        {
            var packet = batch.Add();
            packet.Fill(bytes);
            packet.Path = path;
        }
    }

    private static int Count(PacketBatch batch, Disposition disposition)
    {
        var count = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            count += batch[i].Disposition == disposition ? 1 : 0;
        }

        return count;
    }

    // What one core sealed is what the other gets.
    private void Carry(WirePath from)
    {
        _right.Clear();
        for (var i = 0; i < _left.Count; i++)
        {
            var packet = _right.Add();
            packet.Fill(_left[i].Bytes);
            packet.Path = from;
        }
    }

    private static (long Packets, long Bytes) Repeat(Action prepare, Action work, Func<int> count)
    {
        var (packets, bytes) = (0L, 0L);
        for (var i = 0; i < WarmBatches + Batches; i++)
        {
            prepare();
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (i >= WarmBatches)
            {
                bytes += allocated;
                packets += count();
            }
        }

        return (packets, bytes);
    }

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"It does not hold that {what}.");
        }
    }
}
