using Ntm.Fast.Tests.Offloads;
using Ntm.Linux.Queues;

namespace Ntm.Fast.Tests.Queues;

/// <summary>What of a packet's headers the queue reads and writes.</summary>
public sealed class FlowFactsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flow_is_its_addresses_protocol_and_ports(bool ipv4)
    {
        var first = InnerPackets.Tcp(ipv4, 1, [1, 2, 3]);
        Assert.Equal(FlowHash.Of(first), FlowHash.Of(InnerPackets.Tcp(ipv4, 99, new byte[500], InnerPackets.Fin, id: 5, ttl: 3, trafficClass: 2)));
        Assert.NotEqual(FlowHash.Of(first), FlowHash.Of(InnerPackets.Tcp(ipv4, 1, [1, 2, 3], port: 50_001)));
        Assert.NotEqual(FlowHash.Of(first), FlowHash.Of(InnerPackets.Udp(ipv4, [1, 2, 3])));
        var elsewhere = first.ToArray();
        elsewhere[ipv4 ? 19 : 39]++;
        Assert.NotEqual(FlowHash.Of(first), FlowHash.Of(elsewhere));
    }

    [Fact]
    public void Fragments_of_a_datagram_are_of_one_flow()
    {
        var first = InnerPackets.Udp(true, new byte[100]);
        var later = InnerPackets.Udp(true, new byte[100], port: 1);
        first[6] = 0x20; // more fragments
        later[7] = 13;
        Assert.Equal(FlowHash.Of(first), FlowHash.Of(later));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mark_of_congestion_is_set_where_the_ends_know_it_and_the_header_stays_right(bool ipv4)
    {
        for (var ecn = 0; ecn < 4; ecn++)
        {
            var packet = InnerPackets.Tcp(ipv4, 1, [1, 2, 3], trafficClass: (byte)(0xB8 | ecn));
            var expected = InnerPackets.Tcp(ipv4, 1, [1, 2, 3], trafficClass: (byte)(0xB8 | (ecn == 0 ? 0 : 3)));
            Assert.Equal(ecn != 0, CongestionMark.TrySet(packet));
            Assert.Equal(expected, packet);
        }
    }

    [Fact]
    public void Any_bytes_have_a_flow_and_may_be_marked()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && random.Next(3) > 0)
            {
                bytes[0] = (byte)((random.Next(2) == 0 ? 0x40 : 0x60) | (bytes[0] & 15));
            }

            var length = bytes.Length;
            _ = FlowHash.Of(bytes);
            _ = CongestionMark.TrySet(bytes);
            Assert.Equal(length, bytes.Length);
        }

        Assert.Equal(0, FlowHash.Of([]));
    }
}
