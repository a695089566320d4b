namespace Ntm.Protocol;

/// <summary>
/// Which cipher suites a node has besides ChaCha20-Poly1305, which every party has, as it tells them in signalling: bit n for suite n
/// (docs/protocol.md section 1). Bits that are not known here are kept: both sides of a handshake mix in the same 32.
/// </summary>
public readonly record struct CipherSuites(uint Bits)
{
    /// <summary>ChaCha20-Poly1305 alone.</summary>
    public static CipherSuites None => default;

    /// <summary>AES-256-GCM as well.</summary>
    public static CipherSuites Aes256Gcm => new(1u << 2);

    public bool HasAes256Gcm => (Bits & Aes256Gcm.Bits) != 0;

    public override string ToString() => HasAes256Gcm ? "AES-256-GCM, ChaCha20-Poly1305" : "ChaCha20-Poly1305";
}
