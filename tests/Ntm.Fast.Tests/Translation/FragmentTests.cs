using Ntm.Fast.Tests.Devices;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

/// <summary>Packets in pieces, through two homes and alone.</summary>
public sealed class FragmentTests
{
    private readonly Home _alice = new(0xA1A2A3A4A5A6A7A8);
    private readonly Home _bob = new(0xB1B2B3B4B5B6B7B8);
    private readonly byte[] _laptop = TestPackets.IPv4("192.168.1.10");
    private readonly byte[] _laptop6 = TestPackets.IPv6("2001:db8:1::10");
    private readonly byte[] _nas;
    private readonly byte[] _nas6;

    public FragmentTests()
    {
        _alice.See(1, "192.168.1.10", "2001:db8:1::10");
        _bob.See(1, "192.168.1.20", "2001:db8:2::20");
        Assert.True(_bob.Devices.Publish(_bob.Now, Home.Mac(1), "nas").Done);
        _nas = TestPackets.IPv4(_alice.AliasOf(_bob.Own.WithNumber(1)));
        _nas6 = TestPackets.Vip(_bob.Own.WithNumber(0x8001));
    }

    public static TheoryData<byte, byte[]> Datagrams => new()
    {
        { 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(4000)) },
        { 6, TestPackets.TcpSegment(5000, 80, 0x18, [1, 1, 1, 1], TestPackets.Payload(2801)) },
    };

    [Theory]
    [MemberData(nameof(Datagrams))]
    public void Fragments_of_an_ipv4_device_arrive_at_an_ipv4_device_as_they_left(byte protocol, byte[] transport)
    {
        var source = VipOf(_alice, 1);
        var destination = VipOf(_bob, 1);
        var there6 = TestPackets.Fragment6(TestPackets.MakeIPv6(source, destination, protocol, transport), 1368, 0xBEEF);
        var there = TestPackets.Fragment4(TestPackets.MakeIPv4(_laptop, _nas, protocol, transport, identification: 0xBEEF), 1368);
        var arrived = new List<byte[]>();
        for (var i = 0; i < there.Count; i++)
        {
            Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(there[i]));
            Assert.Equal(there6[i], _alice.Packet.Bytes.ToArray());
            Assert.True(_alice.Packet.Length <= Limits.MtuInside);
            Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own), string.Join(", ", _bob.Counters.All));
            arrived.Add(_bob.Packet.Bytes.ToArray());
        }

        var alias = TestPackets.IPv4(Home.Dotted(_bob.Aliases.Describe().Single().Alias));
        var expected = TestPackets.MakeIPv4(alias, TestPackets.IPv4("192.168.1.20"), protocol, transport, identification: 0xBEEF);
        Assert.Equal(TestPackets.Fragment4(expected, 1368), arrived);
        Assert.Empty(_alice.Counters.All);
        Assert.Empty(_bob.Counters.All);
    }

    [Fact]
    public void Fragments_of_an_ipv6_device_arrive_over_either_face()
    {
        var datagram = TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(3000));
        var arrived = new List<byte[]>();
        foreach (var piece in TestPackets.Fragment6(TestPackets.MakeIPv6(_laptop6, VipOf(_bob, 1), 17, datagram), 1372, 0xABCD_1234))
        {
            Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(piece));
            Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own), string.Join(", ", _bob.Counters.All));
            arrived.Add(_bob.Packet.Bytes.ToArray());
        }

        var alias = TestPackets.IPv4(Home.Dotted(_bob.Aliases.Describe().Single().Alias));
        var expected = TestPackets.MakeIPv4(alias, TestPackets.IPv4("192.168.1.20"), 17, datagram, identification: 0x1234);
        Assert.Equal(TestPackets.Fragment4(expected, 1372), arrived);

        // Between IPv6 faces ICMP echo goes in fragments too: nothing of its checksum hangs on the whole length.
        var echo = TestPackets.IcmpMessage(128, 0, 7, TestPackets.Payload(2000));
        arrived.Clear();
        foreach (var piece in TestPackets.Fragment6(TestPackets.MakeIPv6(_laptop6, _nas6, 58, echo), 1372, 9))
        {
            Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(piece));
            Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own), string.Join(", ", _bob.Counters.All));
            arrived.Add(_bob.Packet.Bytes.ToArray());
        }

        Assert.Equal(
            TestPackets.Fragment6(TestPackets.MakeIPv6(VipOf(_alice, 0x8001), TestPackets.IPv6("2001:db8:2::20"), 58, echo), 1372, 9), arrived);
    }

    [Fact]
    public void A_later_fragment_alone_too_late_or_after_the_last_is_refused()
    {
        var pieces = TestPackets.Fragment4(TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(3000))), 1000);
        Refused(_alice, FragmentTable.Unexpected, pieces[1]);
        Sent(pieces[0]);
        Refused(_bob, FragmentTable.Unexpected, () =>
        {
            Sent(pieces[1]);
            return _bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own);
        });

        _alice.Sleep(Limits.FragmentLife + TimeSpan.FromMilliseconds(1));
        Refused(_alice, FragmentTable.Unexpected, pieces[2]);

        // Anew, out of order; once all have passed, the identification may be used again.
        foreach (var i in new[] { 0, 3, 2, 1, 0, 1, 2, 3 })
        {
            Sent(pieces[i]);
        }

        Refused(_alice, FragmentTable.Unexpected, pieces[3]);
    }

    [Fact]
    public void Overlapping_fragments_are_refused()
    {
        var whole = TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(3000)));
        var (pieces, others) = (TestPackets.Fragment4(whole, 1000), TestPackets.Fragment4(whole, 504));
        Sent(pieces[0]);
        Refused(_alice, FragmentTable.Overlaps, pieces[0]);
        Refused(_alice, FragmentTable.Overlaps, others[1]);
        Sent(pieces[1]);
        Refused(_alice, FragmentTable.Overlaps, pieces[1]);
        Refused(_alice, FragmentTable.Overlaps, others[3]);
        Sent(pieces[3]);

        // Beyond the end, and a second end.
        Refused(_alice, FragmentTable.Overlaps, Refragment(pieces[1], 4000, true));
        Refused(_alice, FragmentTable.Overlaps, Refragment(pieces[2], 2000, false));
        Sent(pieces[2]);
    }

    [Fact]
    public void The_table_of_fragments_is_bounded()
    {
        var table = new FragmentTable();
        var first = TestPackets.Fragment6(TestPackets.MakeIPv6(_laptop6, _nas6, 17, TestPackets.UdpDatagram(1, 2, TestPackets.Payload(100))), 64, 1)[0];
        Assert.True(InnerPacket.TryRead(first, out var read, out _));
        for (var i = 0u; i < 10 * Limits.FragmentedPackets; i++)
        {
            table.Begin(TimeSpan.Zero, FragmentKey.Of(read) with { Identification = i }, read, default);
        }

        Assert.Equal(Limits.FragmentedPackets, table.Count);
        Assert.False(table.HasBegun(TimeSpan.Zero, FragmentKey.Of(read) with { Identification = 0 }));
        Assert.True(table.HasBegun(TimeSpan.Zero, FragmentKey.Of(read) with { Identification = (10 * Limits.FragmentedPackets) - 1 }));
    }

    [Fact]
    public void Fragments_that_hide_something_or_cannot_be_translated_are_refused()
    {
        var udp = TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(1, 2, TestPackets.Payload(100)));
        var tcp = TestPackets.MakeIPv4(_laptop, _nas, 6, TestPackets.TcpSegment(1, 2, 2, [1, 1, 1, 1], TestPackets.Payload(100)));
        Reads(null, TestPackets.Fragment4(tcp, 24)[0]);
        Reads(InnerPacket.TinyFragment, TestPackets.Fragment4(tcp, 16)[0]);
        Reads(InnerPacket.TinyFragment, TestPackets.Fragment4(TestPackets.MakeIPv4(
            _laptop, _nas, 6, TestPackets.TcpSegment(1, 2, 2, [1, 1, 1, 1, 1, 1, 1, 1], TestPackets.Payload(100))), 24)[0]);
        Reads(null, TestPackets.Fragment4(udp, 8)[0]);
        Reads(InnerPacket.BadFragment, Refragment(udp, 0, true));
        Reads(InnerPacket.BadFragment, Refragment([.. udp[..20]], 800, true));
        Reads(InnerPacket.BadFragment, Refragment(udp, 65_528, false));
        Reads(InnerPacket.IcmpFragment, TestPackets.Fragment4(TestPackets.MakeIPv4(_laptop, _nas, 1, TestPackets.IcmpMessage(8, 0, 1, TestPackets.Payload(100))), 64)[0]);

        // RFC 7915 section 4.5.
        var unsummed = udp.ToArray();
        TestPackets.Put(unsummed, 26, 0);
        Reads(null, unsummed);
        Refused(_alice, InnerPacket.UnsummedFragment, TestPackets.Fragment4(unsummed, 64)[0]);
        Refused(_alice, FragmentTable.Unexpected, TestPackets.Fragment4(unsummed, 64)[1]);

        // An IPv6 device's echo in fragments, to an IPv4 face.
        var echo = TestPackets.Fragment6(TestPackets.MakeIPv6(VipOf(_alice, 0x8001), VipOf(_bob, 1), 58, TestPackets.IcmpMessage(128, 0, 7, TestPackets.Payload(99))), 64, 9);
        Refused(_bob, InnerPacket.IcmpFragment, () => _bob.Receive(echo[0], _alice.Own));
        Refused(_bob, FragmentTable.Unexpected, () => _bob.Receive(echo[1], _alice.Own));
    }

    [Fact]
    public void An_error_about_a_first_fragment_finds_its_sender_and_one_about_a_later_does_not()
    {
        var whole = TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(2000)), identification: 77);
        var pieces = TestPackets.Fragment4(whole, 1000);
        Sent(pieces[0]);
        Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own));
        var delivered = _bob.Packet.Bytes.ToArray();
        Sent(pieces[1]);
        Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own));
        var later = _bob.Packet.Bytes.ToArray();

        // Reassembly time exceeded (RFC 792).
        _bob.MustSend(TestPackets.MakeIPv4(delivered[16..20], delivered[12..16], 1, TestPackets.IcmpMessage(11, 1, 0, delivered[..200])));
        Assert.Equal(44, _bob.Packet.Bytes[54]);
        _alice.MustReceive(_bob.Packet.Bytes.ToArray(), _bob.Own);
        Assert.Equal(TestPackets.IcmpMessage(11, 1, 0, pieces[0][..200])[8..], _alice.Packet.Bytes[28..].ToArray());

        Refused(_bob, InnerPacket.CarriedFragment, TestPackets.MakeIPv4(
            delivered[16..20], delivered[12..16], 1, TestPackets.IcmpMessage(11, 1, 0, later[..200])));
    }

    [Fact]
    public void Fragments_cost_no_memory_each()
    {
        var pieces = TestPackets.Fragment4(TestPackets.MakeIPv4(_laptop, _nas, 17, TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(4000))), 1368);
        var before = 0L;
        for (var round = 0; round < 2000; round++)
        {
            before = round == 1000 ? GC.GetAllocatedBytesForCurrentThread() : before;
            foreach (var piece in pieces)
            {
                _alice.Packet.Fill(piece);
                _alice.Proxy.Outbound(_alice.Now, _alice.Packet, out _);
                _bob.Proxy.Inbound(_bob.Now, _alice.Packet, _alice.Own);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Empty(_bob.Counters.All);
    }

    [Fact]
    public void Extension_headers_are_skipped_within_bounds_and_never_delivered()
    {
        var datagram = TestPackets.UdpDatagram(5000, 53, TestPackets.Payload(50));
        var plain = TestPackets.MakeIPv6(_laptop6, _nas6, 17, datagram);
        byte[] options = [0, 0, 1, 4, 0, 0, 0, 0];
        byte[] followed = [0, 0, 4, 0, 0, 0, 0, 0];
        byte[] large = [0, 15, .. new byte[126]];
        var expected = TestPackets.MakeIPv6(VipOf(_alice, 0x8001), _nas6, 17, datagram);
        foreach (var packet in new[]
                 {
                     TestPackets.WithHeader(plain, 0, options), TestPackets.WithHeader(plain, 60, options), TestPackets.WithHeader(plain, 43, followed),
                     TestPackets.WithHeader(TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, options), 43, followed), 0, options),
                     TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, large), 0, large),
                 })
        {
            _alice.MustSend(packet);
            Assert.Equal(expected, _alice.Packet.Bytes.ToArray());
        }

        Reads(InnerPacket.ExtensionHeader, TestPackets.WithHeader(TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, options), 60, large), 0, large));
        Reads(InnerPacket.ExtensionHeader, TestPackets.WithHeader(TestPackets.WithHeader(plain, 0, options), 60, options));
        Reads(InnerPacket.ExtensionHeader, TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, options), 44, [0, 0, 0, 1, 0, 0, 0, 9]));
        Reads(InnerPacket.SourceRoute, TestPackets.WithHeader(plain, 43, [0, 2, 0, 1, .. new byte[20]]));
        Reads(InnerPacket.Truncated, TestPackets.WithHeader(plain, 0, [0, 20, 1, 4, 0, 0, 0, 0]));

        // Every truncation: the reader says no and reads no further.
        var deep = TestPackets.WithHeader(TestPackets.WithHeader(plain, 60, options), 0, options);
        for (var length = 0; length < deep.Length; length++)
        {
            Reads(InnerPacket.Truncated, deep[..length]);
        }

        // With a fragment header that says there is but one fragment (RFC 6946): a whole packet.
        _alice.MustSend(plain);
        Assert.Equal(OutboundVerdict.ToPeer, _alice.Send(TestPackets.WithHeader(plain, 44, [0, 0, 0, 0, 0, 0, 0, 9])));
        Assert.True(_bob.Receive(_alice.Packet.Bytes.ToArray(), _alice.Own));
    }

    private static byte[] VipOf(Home home, ushort number) => TestPackets.Vip(home.Own.WithNumber(number));

    private static byte[] Refragment(byte[] piece, int offset, bool more)
    {
        var changed = piece.ToArray();
        TestPackets.Put(changed, 2, (ushort)changed.Length);
        TestPackets.Put(changed, 6, (ushort)((offset / 8) | (more ? 0x2000 : 0)));
        TestPackets.Put(changed, 10, 0);
        TestPackets.Put(changed, 10, TestPackets.Checksum(changed[..20]));
        return changed;
    }

    private static void Reads(string? refusal, byte[] packet)
    {
        Assert.Equal(refusal is null, InnerPacket.TryRead(packet, out _, out var reason));
        Assert.Equal(refusal, reason);
    }

    private static void Refused(Home home, string reason, byte[] packet) => home.MustRefuse(reason, () => home.Send(packet) == OutboundVerdict.ToPeer);

    private static void Refused(Home home, string reason, Func<bool> attempt) => home.MustRefuse(reason, attempt);

    private void Sent(byte[] piece) =>
        Assert.True(_alice.Send(piece) == OutboundVerdict.ToPeer, string.Join(", ", _alice.Counters.All));
}
