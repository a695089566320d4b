using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>Packets that have header and counter, and are to be sealed by whoever has time. Their keys are not wiped before: <see cref="TunnelTable"/> sees to that.</summary>
internal sealed class SealWork : IBatchWork
{
    private readonly Packet[] _packets = new Packet[Limits.BatchSlots];
    private readonly Keypair[] _keypairs = new Keypair[Limits.BatchSlots];
    private readonly ulong[] _counters = new ulong[Limits.BatchSlots];
    private readonly (byte[]? Chunk, int Offset)[] _kept = new (byte[]?, int)[Limits.BatchSlots];

    public int Count { get; private set; }

    /// <returns>False: there is no room; seal it yourself.</returns>
    public bool TryAdd(Packet packet, Keypair keypair, ulong counter)
    {
        if (Count == Limits.BatchSlots)
        {
            return false;
        }

        (_packets[Count], _keypairs[Count], _counters[Count], _kept[Count]) = (packet, keypair, counter, default);
        Count++;
        return true;
    }

    /// <summary>What was added last is copied there once it is sealed.</summary>
    public void KeepLast(byte[] chunk, int offset) => _kept[Count - 1] = (chunk, offset);

    public void Do(int from, int to, int lane)
    {
        for (var i = from; i < to; i++)
        {
            TunnelTable.Seal(_keypairs[i].Sealer, _counters[i], _packets[i].Bytes, lane);
            if (_kept[i] is ({ } chunk, var offset))
            {
                _packets[i].Bytes.CopyTo(chunk.AsSpan(offset));
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
