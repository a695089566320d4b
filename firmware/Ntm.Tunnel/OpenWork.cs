using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>Datagrams that are opened before anything is decided about them. Nothing of the tunnel changes by it: windows and timers are the table's.</summary>
internal sealed class OpenWork : IBatchWork
{
    private readonly Packet[] _packets = new Packet[Limits.BatchSlots];
    private readonly Keypair[] _keypairs = new Keypair[Limits.BatchSlots];
    private readonly bool[] _opened = new bool[Limits.BatchSlots];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    public void Add(Packet packet, Keypair keypair)
    {
        if (Count < Limits.BatchSlots)
        {
            packet.AheadPiece = Count;
            (_packets[Count], _keypairs[Count]) = (packet, keypair);
            Count++;
        }
    }

    public void Do(int from, int to, int lane)
    {
        for (var i = from; i < to; i++)
        {
            var bytes = _packets[i].Bytes;
            _opened[i] = TunnelTable.TryOpen(_keypairs[i].Opener, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), bytes, lane);
        }
    }

    public void Done()
    {
        // What came of it is asked for when the datagrams are handed in.
    }

    /// <summary>Whether this packet was opened, by this key; by another one it is spoilt.</summary>
    public bool IsOpened(Packet packet, Keypair keypair) =>
        packet.AheadPiece < Count && _packets[packet.AheadPiece] == packet && _keypairs[packet.AheadPiece] == keypair && _opened[packet.AheadPiece];
}
