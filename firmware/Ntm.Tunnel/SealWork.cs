using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>Packets that have header and counter, and are to be sealed by whoever has time. Their keys are not wiped before: <see cref="TunnelTable"/> sees to that.</summary>
internal sealed class SealWork : IBatchWork
{
    private readonly Packet[] _packets = new Packet[Limits.BatchSlots];
    private readonly Keypair[] _keypairs = new Keypair[Limits.BatchSlots];
    private readonly ulong[] _counters = new ulong[Limits.BatchSlots];
    private readonly Ring?[] _rings = new Ring?[Limits.BatchSlots];
    private readonly long[] _kept = new long[Limits.BatchSlots];

    public int Count { get; private set; }

    /// <param name="ring">Where room for a copy is reserved.</param>
    /// <param name="kept">Its number there; -1: none.</param>
    /// <returns>False: there is no room; seal it yourself.</returns>
    public bool TryAdd(Packet packet, Keypair keypair, ulong counter, Ring? ring, long kept)
    {
        if (Count == Limits.BatchSlots)
        {
            return false;
        }

        (_packets[Count], _keypairs[Count], _counters[Count], _rings[Count], _kept[Count]) = (packet, keypair, counter, ring, kept);
        Count++;
        return true;
    }

    public void Do(int from, int to, int lane)
    {
        for (var i = from; i < to; i++)
        {
            TunnelTable.Seal(_keypairs[i].Sealer, _counters[i], _packets[i].Bytes, lane);

            // Nothing is added to the ring while lanes are at work. What has given way since has no room.
            if (_kept[i] >= 0 && _rings[i]!.Bytes(_kept[i]) is { IsEmpty: false } room)
            {
                _packets[i].Bytes.CopyTo(room);
            }
        }
    }

    /// <summary>Before a key is wiped: what waits is sealed now.</summary>
    public void Finish()
    {
        Do(0, Count, 0);
        Done();
    }

    public void Done() => Count = 0;
}
