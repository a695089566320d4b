using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ntm.Protocol;

/// <summary>What the pump does with a packet when the core returns it.</summary>
public enum Disposition : byte
{
    /// <summary>Nothing: consumed, staged or refused (and then counted under a reason).</summary>
    Drop = 0,

    /// <summary>Send it as a datagram on <see cref="Packet.Path"/>.</summary>
    ToWire,

    /// <summary>Write it to the TUN.</summary>
    ToTun,
}

/// <summary>
/// One packet or datagram in a buffer with headroom and tailroom. The buffer travels the whole way: headers and tags are written in place.
/// Made once and used again; never shared between threads.
/// </summary>
public sealed class Packet
{
    private readonly byte[] _buffer;

    /// <param name="capacity">Bytes of the buffer in all; see <see cref="Limits.PacketCapacity"/>.</param>
    public Packet(int capacity = Limits.PacketCapacity)
    {
        // Pinned, because recvmmsg and libcrypto are handed its address.
        _buffer = GC.AllocateArray<byte>(capacity, pinned: true);
        Address = Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0);
        Reset();
    }

    /// <summary>Where the bytes start in the buffer.</summary>
    public int Start { get; private set; }

    /// <summary>How many bytes there are.</summary>
    public int Length { get; private set; }

    public int Capacity => _buffer.Length;

    public int Headroom => Start;

    public int Tailroom => _buffer.Length - Start - Length;

    /// <summary>Address of the buffer's first byte (not of <see cref="Start"/>); valid as long as the packet lives.</summary>
    public nint Address { get; }

    /// <summary>Where the datagram came from, or where it is to go.</summary>
    public WirePath Path { get; set; }

    public Disposition Disposition { get; set; }

    /// <summary>Which piece of <see cref="ICore.Ahead"/> it was; -1: none.</summary>
    public int AheadPiece { get; set; }

    public Span<byte> Bytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => MemoryMarshal.CreateSpan(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), Start), Length);
    }

    /// <summary>Empty, with the standard headroom, nothing to be done with it.</summary>
    public void Reset()
    {
        Start = Limits.PacketHeadroom;
        Length = 0;
        Path = default;
        Disposition = Disposition.Drop;
        AheadPiece = -1;
    }

    /// <summary>The room a receiver may fill, from <see cref="Start"/> to the end; then call <see cref="SetLength"/>.</summary>
    public Span<byte> Room => _buffer.AsSpan(Start);

    /// <exception cref="ArgumentOutOfRangeException">More than the buffer holds: a bug.</exception>
    public void SetLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_buffer.Length - Start));
        Length = length;
    }

    /// <summary>Puts <paramref name="count"/> bytes (whatever they hold) before the first; negative takes them away.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No room, or fewer bytes than are taken: a bug.</exception>
    public void GrowHead(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Start);
        ArgumentOutOfRangeException.ThrowIfLessThan(Length + count, 0);
        Start -= count;
        Length += count;
    }

    /// <summary>Puts <paramref name="count"/> bytes (whatever they hold) after the last; negative takes them away.</summary>
    public void GrowTail(int count) => SetLength(Length + count);

    /// <summary>Takes a copy of <paramref name="bytes"/> with the standard headroom.</summary>
    public void Fill(ReadOnlySpan<byte> bytes)
    {
        Start = Limits.PacketHeadroom;
        SetLength(bytes.Length);
        bytes.CopyTo(Bytes);
    }
}
