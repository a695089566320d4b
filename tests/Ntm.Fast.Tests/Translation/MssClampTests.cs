using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Translation;

public sealed class MssClampTests
{
    private static readonly byte[] s_one = TestPackets.IPv4("192.168.1.23");
    private static readonly byte[] s_other = TestPackets.IPv4("198.18.3.4");

    [Theory]
    [InlineData(1420, 1352)] // 1392 of IPv4 devices, less 40
    [InlineData(1412, 1344)]
    [InlineData(1280, 1212)]
    [InlineData(1200, 1132)]
    public void A_segment_fits_in_both_families(int mtu, ushort expected)
    {
        Assert.Equal(expected, MssClamp.Of(mtu));
        Assert.True(expected + 60 <= mtu && expected + 40 + 28 <= mtu);
    }

    [Theory]
    [InlineData(1460, 0, 1352)]
    [InlineData(1460, 1, 1352)]
    [InlineData(1353, 2, 1352)]
    [InlineData(1353, 3, 1352)]
    [InlineData(1352, 0, 1352)]
    [InlineData(536, 1, 536)]
    [InlineData(65535, 1, 1352)]
    public void The_largest_segment_is_clamped_at_any_offset(ushort asked, int padding, ushort expected)
    {
        byte[] options = [.. Enumerable.Repeat((byte)1, padding), 2, 4, (byte)(asked >> 8), (byte)asked, .. Enumerable.Repeat((byte)0, 4 - padding)];
        var packet = Clamped(options, [1, 2, 3], MssClamp.Of(Limits.MtuInside));
        TestPackets.AssertRight(packet);
        Assert.Equal(expected, (packet[42 + padding] << 8) | packet[43 + padding]);
        Assert.Equal([1, 2, 3], packet[^3..]);
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 2, 4, 0xFF, 0xFF, 0, 0 })]
    [InlineData(new byte[] { 3, 9, 2, 4, 0xFF, 0xFF, 0, 0 })]
    [InlineData(new byte[] { 0, 2, 4, 0xFF, 0xFF, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 1, 1, 2 })]
    [InlineData(new byte[] { 2, 5, 0xFF, 0xFF, 0, 0, 0, 0 })]
    [InlineData(new byte[0])]
    public void Bad_options_are_left_alone(byte[] options) =>
        Assert.Equal(Whole(options, []), Clamped(options, [], 1000));

    private static byte[] Whole(byte[] options, byte[] payload) =>
        TestPackets.MakeIPv4(s_one, s_other, 6, TestPackets.TcpSegment(0x1111, 0x2222, 2, options, payload));

    private static byte[] Clamped(byte[] options, byte[] payload, ushort most)
    {
        var packet = Whole(options, payload);
        MssClamp.Lower(packet.AsSpan(20), most);
        return packet;
    }
}
