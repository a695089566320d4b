using System.Net;
using Ntm.Box.Grid;
using Ntm.Box.World;

namespace Ntm.Fast.Tests.Box;

/// <summary>Which way a stream went is read off a capture by lengths, addresses and channels alone.</summary>
public sealed class StreamSeenTests
{
    private const string One = "203.0.113.101", Other = "203.0.113.102", Relay = "203.0.113.20", Third = "203.0.113.103";
    private const int Stream = 508;
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void The_last_by_the_relay_and_the_first_from_home_to_home()
    {
        var seen = In(
            At(1, One, Relay, channel: 257), At(2, Relay, Other, channel: 258), At(3, One, Other), At(4, Other, Relay, channel: 258), At(5, Other, One));

        Assert.Equal(new StreamSeen(Start.AddSeconds(3), Start.AddSeconds(4)), seen);
    }

    [Fact]
    public void Others_checks_handshakes_and_what_came_before_or_after_do_not_count()
    {
        var seen = In(
            At(0.5, One, Other), At(1, One, Other, length: 124), At(2, One, Other, length: 1100), At(3, One, Other, type: 1), At(4, One, Third), At(5, Third, Relay, channel: 300),
            At(6, One, Relay), At(11, One, Other));

        Assert.Equal(new StreamSeen(null, null), seen);
    }

    [Fact]
    public void IPv6_is_read_from_a_capture_too()
    {
        var capture = new byte[24 + 16 + 14 + 40 + 8 + 4];
        new byte[] { 0xd4, 0xc3, 0xb2, 0xa1 }.CopyTo(capture, 0);
        capture[32] = capture[36] = 66;
        capture[52] = 0x86;
        capture[53] = 0xdd;
        var ip = capture.AsSpan(54);
        ip[0] = 0x60;
        ip[5] = 12;
        ip[6] = 17;
        IPAddress.Parse("2001:db8::1").GetAddressBytes().CopyTo(ip[8..]);
        IPAddress.Parse("2001:db8::2").GetAddressBytes().CopyTo(ip[24..]);
        ip[48] = 4;
        ip[49] = 9;

        var packet = Assert.Single(Capture.Parse(capture));

        Assert.Equal(("2001:db8::1", "2001:db8::2", 52, 4, 9), (packet.Source.ToString(), packet.Destination.ToString(), packet.Length, packet.TunnelType, packet.Channel));
    }

    private static StreamSeen In(params SeenPacket[] packets) => StreamSeen.In(packets, [One], [Other], [Relay], Start.AddSeconds(1), Start.AddSeconds(10));

    private static SeenPacket At(double seconds, string from, string to, int channel = 0, int length = Stream, byte type = 4) =>
        new(Start.AddSeconds(seconds), IPAddress.Parse(from), 41000, IPAddress.Parse(to), 41000, 17, length, new byte[] { type, (byte)channel, (byte)(channel >> 8), 0 });
}
