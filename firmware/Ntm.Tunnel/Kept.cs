namespace Ntm.Tunnel;

/// <summary>A sealed datagram in a <see cref="Ring"/>.</summary>
internal struct Kept
{
    public byte[] Chunk;
    public int Offset;
    public int Length;
    public ulong Counter;
    public Keypair Keypair;

    /// <summary>When it was sealed, boot time.</summary>
    public TimeSpan At;

    /// <summary>The peer has said that it came.</summary>
    public bool Acknowledged;

    /// <summary>It went out more than once.</summary>
    public bool Again;

    public readonly Span<byte> Bytes => Chunk.AsSpan(Offset, Length);
}
