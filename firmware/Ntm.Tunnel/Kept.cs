namespace Ntm.Tunnel;

/// <summary>A sealed datagram in a <see cref="Ring"/>.</summary>
internal struct Kept
{
    public Keypair Keypair;
    public ulong Counter;

    /// <summary>Boot time.</summary>
    public TimeSpan Sealed;

    /// <summary>When it last went out, or was sealed.</summary>
    public TimeSpan Went;

    /// <summary>Where it begins in the ring's bytes.</summary>
    public int At;
    public int Length;

    /// <summary>The number of the re-sending that needs not send it, because it went out in its course; 0: none.</summary>
    public int Out;

    /// <summary>Nothing is to be done for it any more: acknowledged, replaced, or of a key that is gone.</summary>
    public bool IsSettled;
}
