using System.Buffers.Binary;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fuzz.Cores;

/// <summary>Signalling as an inner packet, made from docs/protocol.md section 4 alone.</summary>
public static class Frame
{
    public const int HeaderSize = 48;

    public static byte[] Make(VirtualAddress source, VirtualAddress destination, ReadOnlySpan<byte> message)
    {
        var frame = new byte[HeaderSize + message.Length];
        frame[0] = 0x60;
        frame[6] = 17;
        frame[7] = 64;
        source.Write(frame.AsSpan(8));
        destination.Write(frame.AsSpan(24));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(4), (ushort)(8 + message.Length));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(40), Limits.SignallingPort);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(42), Limits.SignallingPort);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(44), (ushort)(8 + message.Length));
        message.CopyTo(frame.AsSpan(HeaderSize));
        PutChecksum(frame);
        return frame;
    }

    /// <summary>Makes the UDP checksum right, whatever else is wrong; the frame has a header at least.</summary>
    public static void PutChecksum(Span<byte> frame)
    {
        frame[46..48].Clear();
        var sum = Checksum.Of(frame[40..], Checksum.Pseudo(frame[8..24], frame[24..40], 17, frame.Length - 40));
        BinaryPrimitives.WriteUInt16BigEndian(frame[46..], sum == 0 ? (ushort)0xFFFF : sum);
    }
}
