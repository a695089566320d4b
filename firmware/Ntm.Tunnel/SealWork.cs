using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>Packets that have header and counter, and are to be sealed by whoever has time. Their keys are not wiped before: <see cref="TunnelTable"/> sees to that.</summary>
internal sealed class SealWork : IBatchWork
{
    private readonly Packet[] _packets = new Packet[Limits.BatchSlots];
    private readonly Keypair[] _keypairs = new Keypair[Limits.BatchSlots];
    private readonly ulong[] _counters = new ulong[Limits.BatchSlots];

    public int Count { get; private set; }

    /// <returns>False: there is no room; seal it yourself.</returns>
    public bool TryAdd(Packet packet, Keypair keypair, ulong counter)
    {
        if (Count == Limits.BatchSlots)
        {
            return false;
        }

        (_packets[Count], _keypairs[Count], _counters[Count]) = (packet, keypair, counter);
        Count++;
        return true;
    }

    public void Do(int from, int to, int lane)
    {
        for (var i = from; i < to; i++)
        {
            TunnelTable.Seal(_keypairs[i].Sealer, _counters[i], _packets[i].Bytes, lane);
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
