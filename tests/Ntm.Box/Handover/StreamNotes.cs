using System.Buffers.Binary;

namespace Ntm.Box.Handover;

/// <summary>The packets of one stream as they came: which, how often, in what order and when. It has no clock; the time comes in.</summary>
/// <param name="run">The stream's number; packets of others are passed over.</param>
/// <param name="most">More packets than it can have.</param>
internal sealed class StreamNotes(int run, int most)
{
    /// <summary>Bytes in front of each packet's payload: the run, the packet's number from 0, when it was sent.</summary>
    public const int StampSize = 16;

    private readonly byte[] came = new byte[most];
    private int highest = -1;
    private int distinct, twice, late;
    private long lastNew, gap, gapAt, oldest;

    public static void Stamp(Span<byte> packet, int run, int number, long now)
    {
        BinaryPrimitives.WriteInt32LittleEndian(packet, run);
        BinaryPrimitives.WriteInt32LittleEndian(packet[4..], number);
        BinaryPrimitives.WriteInt64LittleEndian(packet[8..], now);
    }

    /// <param name="now">Nanoseconds of the clock that stamped it.</param>
    public void Note(ReadOnlySpan<byte> packet, long now)
    {
        if (packet.Length < StampSize || BinaryPrimitives.ReadInt32LittleEndian(packet) != run)
        {
            return;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(packet[4..]);
        if (number < 0 || number >= came.Length)
        {
            return;
        }

        if (came[number] != 0)
        {
            twice++;
            return;
        }

        came[number] = 1;
        distinct++;
        late += number < highest ? 1 : 0;
        highest = Math.Max(highest, number);
        oldest = Math.Max(oldest, now - BinaryPrimitives.ReadInt64LittleEndian(packet[8..]));
        if (lastNew != 0 && now - lastNew > gap)
        {
            (gap, gapAt) = (now - lastNew, lastNew);
        }

        lastNew = now;
    }

    /// <summary>When all that will come has come.</summary>
    /// <param name="sent">Packets that were sent.</param>
    /// <param name="ended">When the last was: a stream that never came back has a gap until then.</param>
    public StreamReading Read(int sent, long ended)
    {
        if (lastNew != 0 && ended - lastNew > gap)
        {
            (gap, gapAt) = (ended - lastNew, lastNew);
        }

        return new(sent, sent - distinct, twice, late, TimeSpan.FromTicks(gap / 100), TimeSpan.FromTicks(oldest / 100), gapAt);
    }
}
