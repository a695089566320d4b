using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Linux;

/// <summary>A core for testing the pump: answers pings to anything behind the TUN by swapping addresses, and echoes datagrams to where they came from.</summary>
internal sealed class LoopbackCore : ICore
{
    public TimeSpan NextDeadline { get; set; } = TimeSpan.MaxValue;

    public Outbox Outbox { get; } = new();

    public List<TimeSpan> Timeouts { get; } = [];

    public int Batches { get; private set; }

    public int LargestBatch { get; private set; }

    /// <summary>Datagrams are packets for the TUN, in place of echoing them.</summary>
    public bool DatagramsToTun { get; init; }

    /// <summary>Thrown at the next datagram.</summary>
    public Exception? Bug { get; set; }

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        if (Bug is not null)
        {
            throw Bug;
        }

        Batches++;
        LargestBatch = Math.Max(LargestBatch, batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Disposition = DatagramsToTun ? Disposition.ToTun : Disposition.ToWire; // its path is where it came from
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var bytes = batch[i].Bytes;
            var isEcho = bytes[0] >> 4 == 4 ? bytes[9] == 1 && bytes[20] == 8 : bytes[6] == 58 && bytes[40] == 128;
            if (isEcho)
            {
                Answer(bytes);
                batch[i].Disposition = Disposition.ToTun;
            }
        }
    }

    public void HandleTimeout(Now now)
    {
        Timeouts.Add(now.Boot);
        NextDeadline = TimeSpan.MaxValue;
    }

    private static void Answer(Span<byte> packet)
    {
        var isIPv4 = packet[0] >> 4 == 4;
        var source = isIPv4 ? packet[12..16] : packet[8..24];
        var destination = isIPv4 ? packet[16..20] : packet[24..40];
        var message = isIPv4 ? packet[20..] : packet[40..];
        var kept = source.ToArray();
        destination.CopyTo(source);
        kept.CopyTo(destination);
        var (request, reply) = isIPv4 ? (8, 0) : (128, 129);
        message[0] = (byte)reply;

        // RFC 1624: one word changed from (request, code) to (reply, code).
        var sum = (ushort)~BinaryPrimitives.ReadUInt16BigEndian(message[2..]) + (ushort)~(request << 8) + (reply << 8);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], (ushort)~sum);
    }
}
