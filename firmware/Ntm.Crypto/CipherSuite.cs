namespace Ntm.Crypto;

/// <summary>How a tunnel's packets are sealed. The numbers are those of the wire (docs/protocol.md section 1).</summary>
public enum CipherSuite : byte
{
    /// <summary>ChaCha20-Poly1305 (RFC 8439), WireGuard's: every party has it.</summary>
    ChaCha20Poly1305 = 1,

    /// <summary>AES-256 in Galois/counter mode (NIST SP 800-38D), where the processor has instructions for it.</summary>
    Aes256Gcm = 2,
}
