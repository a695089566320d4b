namespace Ntm.Protocol;

/// <summary>A batch of packets: what a pump reads in one go and a core works through. Slots are made once and used again.</summary>
public sealed class PacketBatch
{
    // Beyond the slots: room for one packet more for each, made when first used.
    private readonly Packet?[] _packets;
    private readonly int _capacity;

    /// <param name="slots">How many packets it can hold.</param>
    /// <param name="capacity">Bytes of each packet's buffer.</param>
    public PacketBatch(int slots = Limits.BatchSlots, int capacity = Limits.PacketCapacity)
    {
        (_packets, Slots, _capacity) = (new Packet[2 * slots], slots, capacity);
        for (var i = 0; i < slots; i++)
        {
            _packets[i] = new Packet(capacity);
        }
    }

    /// <summary>How many it takes from who fills it.</summary>
    public int Slots { get; }

    /// <summary>How many of the slots are in use, from the first.</summary>
    public int Count { get; private set; }

    public Packet this[int index] => _packets[index]!;

    public bool IsFull => Count >= Slots;

    /// <summary>The next free slot, reset.</summary>
    /// <exception cref="InvalidOperationException">None is left: a bug; ask <see cref="IsFull"/>.</exception>
    public Packet Add()
    {
        if (IsFull)
        {
            throw new InvalidOperationException($"The batch's {Slots} slots are all in use.");
        }

        var packet = _packets[Count++]!;
        packet.Reset();
        return packet;
    }

    /// <summary>
    /// A packet more, reset, right behind one of those that are there; the others move up by one. For cores that make two of one: there is room for as many as the batch has slots.
    /// </summary>
    /// <exception cref="InvalidOperationException">There have been more: a bug.</exception>
    public Packet InsertAfter(int index)
    {
        if (Count == _packets.Length)
        {
            throw new InvalidOperationException($"The batch's {Slots} slots have doubled already.");
        }

        var packet = _packets[Count] ??= new Packet(_capacity);
        Array.Copy(_packets, index + 1, _packets, index + 2, Count - 1 - index);
        _packets[index + 1] = packet;
        Count++;
        packet.Reset();
        return packet;
    }

    /// <summary>For a receiver that filled slots from the first by itself.</summary>
    public void SetCount(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Slots);
        Count = count;
    }

    public void Clear() => Count = 0;
}
