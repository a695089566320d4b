namespace Ntm.Protocol;

/// <summary>A batch of packets: what a pump reads in one go and a core works through. Slots are made once and used again.</summary>
public sealed class PacketBatch
{
    private readonly Packet[] _packets;

    /// <param name="slots">How many packets it can hold.</param>
    /// <param name="capacity">Bytes of each packet's buffer.</param>
    public PacketBatch(int slots = Limits.BatchSlots, int capacity = Limits.PacketCapacity)
    {
        _packets = new Packet[slots];
        for (var i = 0; i < slots; i++)
        {
            _packets[i] = new Packet(capacity);
        }
    }

    public int Slots => _packets.Length;

    /// <summary>How many of the slots are in use, from the first.</summary>
    public int Count { get; private set; }

    public Packet this[int index] => _packets[index];

    public bool IsFull => Count == _packets.Length;

    /// <summary>The next free slot, reset.</summary>
    /// <exception cref="InvalidOperationException">None is left: a bug; ask <see cref="IsFull"/>.</exception>
    public Packet Add()
    {
        if (IsFull)
        {
            throw new InvalidOperationException($"The batch's {_packets.Length} slots are all in use.");
        }

        var packet = _packets[Count++];
        packet.Reset();
        return packet;
    }

    /// <summary>A free slot, reset, that becomes the one at <paramref name="index"/>; those from there on move up by one.</summary>
    /// <exception cref="InvalidOperationException">None is left: a bug; ask <see cref="IsFull"/>.</exception>
    public Packet Insert(int index)
    {
        var packet = Add();
        Array.Copy(_packets, index, _packets, index + 1, Count - 1 - index);
        _packets[index] = packet;
        return packet;
    }

    /// <summary>For a receiver that filled slots from the first by itself.</summary>
    public void SetCount(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)_packets.Length);
        Count = count;
    }

    public void Clear() => Count = 0;
}
