using System.Buffers.Binary;
using System.Net;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Homes behind links that carry 1280 to 1500 bytes, directly and by the relay, over IPv4 and IPv6: everything long goes through.</summary>
public sealed class PathMtuTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static TheoryData<int, string, int> Links() => new()
    {
        { 1500, "direct", 1420 }, { 1492, "direct", 1420 }, { 1420, "direct", 1360 }, { 1280, "direct", 1220 }, { 1000, "direct", 940 },
        { 1500, "IPv6", 1420 }, { 1492, "IPv6", 1412 }, { 1420, "IPv6", 1340 }, { 1280, "IPv6", 1200 },
        { 1500, "relay", 1420 }, { 1492, "relay", 1420 }, { 1420, "relay", 1360 }, { 1280, "relay", 1220 }, { 1000, "relay", 940 },
    };

    [Theory]
    [MemberData(nameof(Links))]
    public void Everything_long_goes_through(int link, string way, int carries)
    {
        var homes = On(way, link);
        var widest = new Widest();
        homes.Alice.Home.Wire.Middlemen.Add(widest);

        // From the first packet on: what is longer than any path is known to carry goes in halves.
        Assert.Equal(25, Echoes(homes, 25, 1392, dontFragment: false));
        Assert.True(way != "relay" == homes.AlicesPeer.Direct, homes.Story());
        homes.Talk(50);
        homes.World.RunFor(20 * Second);
        homes.Talk(10);
        foreach (var router in new[] { homes.Alice, homes.Bob })
        {
            var path = router.Status.Peers.Single().Paths.Single(p => p.State == "used");
            Assert.InRange(path.Mtu, carries - Limits.MtuPrecision - 3, carries);
            Assert.StartsWith("probed", path.MtuReason, StringComparison.Ordinal);
        }

        var mtu = homes.AlicesPeer.Paths.Single(p => p.State == "used").Mtu;
        widest.Outbound = 0;
        Assert.Equal(20, Echoes(homes, 20, 1392, dontFragment: false));
        Assert.Equal(20, Echoes(homes, 20, Math.Max(mtu, 1280) - 28, dontFragment: true));
        Assert.InRange(widest.Outbound, 1, link);

        // Too long and not to be cut: the sender hears what passes, and that does.
        foreach (var (device, alias) in new[] { (homes.Tv, homes.Alias), (homes.Nas, Asker(homes)) })
        {
            device.Received.Clear();
            Send(device, alias, 1392, dontFragment: true, fromNas: device == homes.Nas);
            homes.World.RunFor(Second);
            var told = device.Received.SingleOrDefault(p => p.Content == IpContent.IcmpOther);
            Assert.Equal(mtu < 1392 + 20, told is not null);
            if (told is not null)
            {
                Assert.Equal((3, 4), (told.From, told.To));
                Assert.Equal(Math.Max(mtu, Limits.MtuMinimum) - 28, BinaryPrimitives.ReadUInt16BigEndian(told.Payload.AsSpan(2)));
            }
        }

        // Pings as long, whose answers are the same.
        homes.Tv.Received.Clear();
        for (var i = 0; i < 10; i++)
        {
            homes.Tv.SendPing(homes.Alias, 7, i, Math.Max(mtu, 1280) - 28 - 28);
            homes.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        homes.World.RunFor(Second);
        Assert.Equal(10, homes.Tv.Received.Count(p => p.Content == IpContent.EchoReply));

        // And TCP is told beforehand.
        homes.Tv.Received.Clear();
        homes.Nas.Listens.Add(445);
        homes.Tv.SendSyn(homes.Alias, 5001, 445);
        homes.World.RunFor(Second);
        var most = Math.Min(1352, Math.Min(mtu, homes.Bob.Status.Peers.Single().Paths.Single(p => p.State == "used").Mtu) - 68);
        Assert.Equal(most, homes.Nas.Received.Single(p => p.Content == IpContent.Tcp).TcpMss);
        Assert.Equal(most, homes.Tv.Received.Single(p => p.Content == IpContent.Tcp).TcpMss);
    }

    /// <summary>A path that begins to lose long datagrams without a word: noticed while they are sent, and used for what it carries.</summary>
    [Theory]
    [InlineData("direct")]
    [InlineData("relay")]
    public void A_path_that_swallows_long_datagrams_is_noticed(string way)
    {
        var homes = On(way, 1500);
        Assert.Equal(50, Echoes(homes, 50, 1392, dontFragment: true));
        homes.World.RunFor(3 * Second);
        homes.Bob.Home.Wire.Middlemen.Add(new Filter(d => d.SizeOnWire <= 1300));
        Echoes(homes, 100, 1392, dontFragment: false, everyMilliseconds: 100);
        Assert.Equal(20, Echoes(homes, 20, 1392, dontFragment: false));
        homes.World.RunFor(10 * Second);
        Assert.Equal(20, Echoes(homes, 20, 1392, dontFragment: false));
        var path = homes.AlicesPeer.Paths.Single(p => p.State == "used");
        Assert.InRange(path.Mtu, 1220, 1240);
        Assert.True(way != "relay" == homes.AlicesPeer.Direct, homes.Story());
        Assert.Equal(1, homes.Alice.Status.Counters["path-mtu-fell"]);
        Assert.Equal(1, homes.Bob.Status.Counters["path-mtu-fell"]);
    }

    /// <summary>More than a batch holds with its second halves: nothing overtakes anything.</summary>
    [Fact]
    public void A_burst_of_long_and_short_packets_keeps_its_order()
    {
        var homes = On("direct", 1280);
        homes.Talk(50);
        homes.World.RunFor(20 * Second);
        homes.Talk(5);
        homes.Nas.Received.Clear();
        const int count = 300;
        for (var i = 0; i < count; i++)
        {
            var payload = new byte[i % 3 == 2 ? 100 : 1364];
            BinaryPrimitives.WriteInt32LittleEndian(payload, i);
            homes.Tv.Send(new IpPacket
            {
                Source = homes.Tv.Address, Destination = homes.Alias, Content = IpContent.Udp, From = 5000, To = 7, Payload = payload, DontFragment = false, Identification = 77,
            });
        }

        homes.World.RunFor(Second);
        Assert.Empty(homes.Nas.Broken);
        Assert.Equal(Enumerable.Range(0, count), homes.Nas.Received.Where(p => p.Content == IpContent.Udp).Select(p => BinaryPrimitives.ReadInt32LittleEndian(p.Payload)));
    }

    [Fact]
    public void Halves_of_full_batches_allocate_nothing()
    {
        var homes = On("direct", 1280);
        homes.Talk(50);
        homes.World.RunFor(20 * Second);
        homes.Talk(5);
        var bytes = new IpPacket
        {
            Source = homes.Tv.Address, Destination = homes.Alias, Content = IpContent.Udp, From = 5000, To = 7, Payload = new byte[1364], DontFragment = false, Identification = 77,
        }.ToBytes();
        var batch = new PacketBatch();
        var now = homes.Alice.Home.Router.Now;
        var halves = 0;
        void Round()
        {
            batch.Clear();
            while (!batch.IsFull)
            {
                batch.Add().Fill(bytes);
            }

            homes.Alice.Core.ReceivePackets(now, batch);
            for (var i = 0; i < batch.Count; i++)
            {
                halves += batch[i].Disposition == Disposition.ToWire && batch[i].Length < 800 ? 1 : 0;
            }
        }

        for (var i = 0; i < 30; i++)
        {
            Round();
        }

        halves = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(10 * 2 * Limits.BatchSlots, halves);
    }

    /// <summary>An IPv6 device sends to the IPv4 device's VIP.</summary>
    [Fact]
    public void An_ipv6_device_hears_packet_too_big_in_its_own_family()
    {
        var homes = On("IPv6", 1420);
        homes.Talk(50);
        homes.World.RunFor(10 * Second);
        var vip = new IPAddress(Bytes(homes.Ask("nas.bob.home.example").Vip));
        var six = homes.Alice.AddDevice(11, IPAddress.Parse("2001:db8:77::11"));
        foreach (var (length, heard) in new[] { (1340, IpContent.Udp), (1400, IpContent.IcmpOther) })
        {
            six.Received.Clear();
            six.SendUdp(vip, 5000, 7, new byte[length - 48]);
            homes.World.RunFor(3 * Second);
            var answer = Assert.Single(six.Received);
            Assert.Equal(heard, answer.Content);
            Assert.True(heard == IpContent.Udp || (answer.From, BinaryPrimitives.ReadInt32BigEndian(answer.Payload)) == (2, 1340));
        }
    }

    [Fact]
    public void Nothing_but_the_usual_is_spent_on_an_ordinary_path()
    {
        var homes = On("direct", 1500);
        homes.Talk(50);
        var widest = new Widest();
        homes.Alice.Home.Wire.Middlemen.Add(widest);
        homes.World.RunFor(5 * Second);
        homes.Talk(500); // short ones: nobody asks again
        Assert.Equal(0, widest.Long);
        Echoes(homes, 100, 1392, dontFragment: true, everyMilliseconds: 100);
        Assert.InRange(widest.Long, 200, 200 + 2 * 3); // those of the conversation, and a probe and perhaps its kin every 5 s each way
    }

    private static TwoHomes On(string way, int link)
    {
        var nat = way == "direct" ? NatKind.PortRestricted : NatKind.Symmetric;
        var homes = new TwoHomes(nat, nat, wires: new WireConditions { Latency = TimeSpan.FromMilliseconds(10), Mtu = link }, withIPv6: way == "IPv6").Resolved();
        return homes;
    }

    private static byte[] Bytes(VirtualAddress vip)
    {
        var bytes = new byte[16];
        vip.Write(bytes);
        return bytes;
    }

    private static IPAddress Asker(TwoHomes homes) => homes.Nas.Received.Last(p => p.Content == IpContent.Udp).Source;

    private static void Send(LanDevice device, IPAddress to, int length, bool dontFragment, bool fromNas = false) => device.Send(new IpPacket
    {
        Source = device.Address, Destination = to, Content = IpContent.Udp, From = fromNas ? 7 : 5000, To = fromNas ? 5000 : 7, Payload = new byte[length - 28], DontFragment = dontFragment, Identification = 77,
    });

    /// <summary>Datagrams of that length (as IPv4 packets) to the NAS, and as long ones back.</summary>
    private static int Echoes(TwoHomes homes, int count, int length, bool dontFragment, int everyMilliseconds = 20)
    {
        homes.Nas.Echoes.Remove(7);
        var (there, back) = (homes.Nas.Received.Count, homes.Tv.Received.Count);
        for (var i = 0; i < count; i++)
        {
            Send(homes.Tv, homes.Alias, length, dontFragment);
            homes.World.RunFor(TimeSpan.FromMilliseconds(everyMilliseconds));
            foreach (var packet in homes.Nas.Received.Skip(there).ToArray())
            {
                there++;
                homes.Nas.Send(packet with { Source = packet.Destination, Destination = packet.Source, From = packet.To, To = packet.From, DontFragment = dontFragment });
            }
        }

        homes.World.RunFor(TimeSpan.FromMilliseconds(500));
        foreach (var packet in homes.Nas.Received.Skip(there).ToArray())
        {
            homes.Nas.Send(packet with { Source = packet.Destination, Destination = packet.Source, From = packet.To, To = packet.From, DontFragment = dontFragment });
        }

        homes.World.RunFor(Second);
        homes.Nas.Echoes.Add(7);
        Assert.Empty(homes.Tv.Broken);
        Assert.Empty(homes.Nas.Broken);
        return homes.Tv.Received.Skip(back).Count(p => p.Content == IpContent.Udp && p.Payload.Length == length - 28);
    }

    /// <summary>The longest datagram outbound, and how many of both directions are longer than any signal.</summary>
    private sealed class Widest : Middleman
    {
        public int Outbound { get; set; }

        public int Long { get; private set; }

        public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
        {
            Outbound = outbound ? Math.Max(Outbound, datagram.SizeOnWire) : Outbound;
            Long += datagram.SizeOnWire > 1200 ? 1 : 0;
            onward(TimeSpan.Zero, datagram);
        }
    }
}
