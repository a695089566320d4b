using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// An NTM peer's initiation that was believed, and what was answered, so that its copies get the same answer (docs/protocol.md section 1) and cost nothing.
/// </summary>
internal sealed class HeardInitiation
{
    private readonly byte[] _bytes;

    /// <param name="initiation">With channel cleared. mac2 is not looked at: it differs between paths and once a cookie has come.</param>
    /// <param name="response">The response with mac1; null where our own initiation went first.</param>
    public HeardInitiation(ReadOnlySpan<byte> initiation, byte[]? response, TimeSpan heard)
    {
        _bytes = initiation[..^TunnelMessage.MacSize].ToArray();
        (Response, At) = (response, heard);
    }

    public byte[]? Response { get; }

    /// <summary>Boot time of the first copy.</summary>
    public TimeSpan At { get; }

    /// <summary>The message's mac1, by which copies are found.</summary>
    public UInt128 Mac1 => Mac1Of(_bytes);

    public static UInt128 Mac1Of(ReadOnlySpan<byte> initiation) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(initiation[TunnelMessage.InitiationMac1..]);

    /// <summary>Whether this is a copy, and a repeat's age: no initiator repeats for longer than <see cref="Limits.RekeyTimeout"/>.</summary>
    public bool IsRepeatedBy(ReadOnlySpan<byte> initiation, TimeSpan boot) =>
        boot - At <= Limits.RekeyTimeout && initiation[..^TunnelMessage.MacSize].SequenceEqual(_bytes);
}
