using System.Buffers.Binary;
using Ntm.Box.World;

namespace Ntm.Fast.Tests.Box;

/// <summary>The reader that the box's sentences about captures rest on.</summary>
public sealed class CaptureTests
{
    [Fact]
    public void Reads_sealed_datagrams_with_their_relay_channel()
    {
        var file = File([4, 0x56, 0x34, 0x12, 9, 9, 9, 9]);

        var packet = Assert.Single(Capture.Parse(file));

        Assert.Equal(4, packet.TunnelType);
        Assert.Equal(0x123456, packet.Channel);
        Assert.Equal("203.0.113.101", packet.Source.ToString());
        Assert.Equal("203.0.113.20", packet.Destination.ToString());
        Assert.Equal((5000, 4916), (packet.SourcePort, packet.DestinationPort));
        Assert.Equal(36, packet.Length);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).AddTicks(1230), packet.At);
        Assert.True(packet.Between("203.0.113.20", "203.0.113.101"));
        Assert.False(packet.Between("203.0.113.20", "203.0.113.102"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(255)]
    public void Other_datagrams_are_no_tunnels(byte first) =>
        Assert.Equal(0, Assert.Single(Capture.Parse(File([first, 0, 0, 0]))).TunnelType);

    [Fact]
    public void Stops_at_a_record_that_is_not_whole_yet()
    {
        var whole = File([4, 0, 0, 0]);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Empty(Capture.Parse(whole.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Finds_a_watermark_wherever_it_stands()
    {
        var gift = new Gift("", 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

        Assert.Equal(1, gift.ShownBy(Capture.Parse(File([4, 0, 0, 0, 77, .. gift.Watermark, 99]))));
        Assert.Equal(0, gift.ShownBy(Capture.Parse(File([4, 0, 0, 0, 77, .. gift.Watermark.AsSpan(1), 99]))));
    }

    private static byte[] File(byte[] payload)
    {
        var file = new byte[24 + 16 + 14 + 20 + 8 + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(file, 0xA1B2C3D4);
        var record = file.AsSpan(24);
        BinaryPrimitives.WriteUInt32LittleEndian(record, 1_700_000_000);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], 123);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], (uint)(record.Length - 16));
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], (uint)(record.Length - 16));
        var frame = record[16..];
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);
        var ip = frame[14..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[9] = 17;
        ((ReadOnlySpan<byte>)[203, 0, 113, 101, 203, 0, 113, 20]).CopyTo(ip[12..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], 5000);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], 4916);
        payload.CopyTo(ip[28..]);
        return file;
    }
}
