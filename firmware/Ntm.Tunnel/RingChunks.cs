using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>The memory of all tunnels' rings, in pieces: made when it is first wanted, given back to whoever wants it next.</summary>
internal sealed class RingChunks
{
    /// <summary>Bytes of a piece.</summary>
    public const int Size = 64 << 10;

    public const int MostOfOne = Limits.RingBytes / Size;

    private const int MostInAll = Limits.RingBytesInAll / Size;

    private readonly Stack<byte[]> _free = new();
    private int _made;

    /// <summary>Null: all are in use.</summary>
    public byte[]? Rent()
    {
        if (_free.TryPop(out var chunk))
        {
            return chunk;
        }

        if (_made == MostInAll)
        {
            return null;
        }

        _made++;
        return GC.AllocateUninitializedArray<byte>(Size);
    }

    public void Return(byte[] chunk) => _free.Push(chunk);
}
