using System.Runtime.CompilerServices;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// Halves of packets that wait for the other half: a copy of each, for <see cref="Limits.HalfLife"/>, <see cref="Limits.HalvesPerTunnel"/> of a tunnel and
/// <see cref="Limits.HalvesInAll"/> of all. Beyond that the oldest gives way: of the same tunnel, or of the one that has most. The room (some 730 KB) is made with the first
/// half that ever comes; nothing is allocated for each.
/// </summary>
internal sealed class Halves(Counters counters)
{
    private const int None = -1;

    private readonly Dictionary<Pair, int> _index = [];
    private Waiting[] _waiting = []; // a list by age; those that are free are another
    private byte[] _bytes = [];
    private int _oldest = None;
    private int _newest = None;
    private int _free = None;

    public int Count => _index.Count;

    /// <summary>Takes a half that was opened. Where the other one is there, the packet is both of them, put together.</summary>
    /// <param name="counter">Of the datagram.</param>
    /// <param name="packet">The half, with the byte that says which it is; its room takes the whole.</param>
    /// <param name="refusal">Where false: why it is dropped; null: it waits.</param>
    public bool TryJoin(TimeSpan now, Tunnel tunnel, Keypair keypair, ulong counter, Packet packet, out string? refusal)
    {
        while (_oldest != None && now - _waiting[_oldest].Came > Limits.HalfLife)
        {
            Remove(_oldest);
            counters.Count(TunnelRefusals.HalfAlone);
        }

        var isSecond = packet.Bytes[0] == TunnelMessage.SecondHalf;
        var length = packet.Length - 1;
        if (length is 0 or > TunnelMessage.HalfSize || (isSecond && counter == 0))
        {
            refusal = TunnelRefusals.HalfMalformed;
            return false;
        }

        refusal = null;
        var pair = new Pair(keypair, isSecond ? counter - 1 : counter);
        if (!_index.TryGetValue(pair, out var at))
        {
            Add(now, tunnel, pair, isSecond, packet.Bytes[1..]);
            return false;
        }

        // The window lets no counter by twice, so this is the other one. Both were cut in the middle.
        var other = _waiting[at];
        Remove(at);
        if (other.IsSecond == isSecond || (isSecond ? other.Length - length : length - other.Length) is not (0 or 1))
        {
            refusal = TunnelRefusals.HalfMismatched;
            return false;
        }

        packet.GrowHead(-1);
        packet.GrowTail(other.Length);
        var bytes = packet.Bytes;
        if (isSecond)
        {
            bytes[..length].CopyTo(bytes[other.Length..]);
        }

        Bytes(at, other.Length).CopyTo(bytes[(isSecond ? 0 : length)..]);
        return true;
    }

    private void Add(TimeSpan now, Tunnel tunnel, Pair pair, bool isSecond, ReadOnlySpan<byte> half)
    {
        if (_waiting.Length == 0)
        {
            MakeRoom();
        }

        if (tunnel.HalvesWaiting >= Limits.HalvesPerTunnel || _free == None)
        {
            GiveWay(tunnel.HalvesWaiting >= Limits.HalvesPerTunnel ? tunnel : Greediest());
        }

        var at = _free;
        _free = _waiting[at].Next;
        _waiting[at] = new() { Pair = pair, Tunnel = tunnel, Came = now, IsSecond = isSecond, Length = half.Length, Next = None, Former = _newest };
        half.CopyTo(Bytes(at, half.Length));
        if (_newest == None)
        {
            _oldest = at;
        }
        else
        {
            _waiting[_newest].Next = at;
        }

        _newest = at;
        _index.Add(pair, at);
        tunnel.HalvesWaiting++;
    }

    private void MakeRoom()
    {
        _bytes = new byte[Limits.HalvesInAll * TunnelMessage.HalfSize];
        _waiting = new Waiting[Limits.HalvesInAll];
        _index.EnsureCapacity(Limits.HalvesInAll);
        for (var i = 0; i < _waiting.Length; i++)
        {
            _waiting[i].Next = i + 1 < _waiting.Length ? i + 1 : None;
        }

        _free = 0;
    }

    private void GiveWay(Tunnel tunnel)
    {
        var at = _oldest;
        while (_waiting[at].Tunnel != tunnel)
        {
            at = _waiting[at].Next;
        }

        Remove(at);
        counters.Count(TunnelRefusals.HalfGaveWay);
    }

    private Tunnel Greediest()
    {
        var most = _waiting[_oldest].Tunnel;
        for (var at = _oldest; at != None; at = _waiting[at].Next)
        {
            most = _waiting[at].Tunnel.HalvesWaiting > most.HalvesWaiting ? _waiting[at].Tunnel : most;
        }

        return most;
    }

    private void Remove(int at)
    {
        ref var gone = ref _waiting[at];
        (gone.Former == None ? ref _oldest : ref _waiting[gone.Former].Next) = gone.Next;
        (gone.Next == None ? ref _newest : ref _waiting[gone.Next].Former) = gone.Former;
        _index.Remove(gone.Pair);
        gone.Tunnel.HalvesWaiting--;
        gone = new() { Next = _free };
        _free = at;
    }

    private Span<byte> Bytes(int at, int length) => _bytes.AsSpan(at * TunnelMessage.HalfSize, length);

    /// <param name="First">The counter of the first half.</param>
    private readonly record struct Pair(Keypair Keypair, ulong First)
    {
        // The sender chooses the counter: nobody shall know which collide.
        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(Keypair), First);
    }

    private struct Waiting
    {
        public Pair Pair;
        public Tunnel Tunnel;
        public TimeSpan Came;
        public bool IsSecond;
        public int Length;
        public int Next;
        public int Former;
    }
}
