namespace Ntm.Crypto;

/// <summary>Whose AES-256-GCM seals packets. Both make the same bytes: this is one end's own choice (docs/adr/0011-aes-gcm.md).</summary>
public enum AesGcmSource : byte
{
    /// <summary>libcrypto's.</summary>
    Library,

    /// <summary>Ours, from the processor's instructions; libcrypto's where the processor has none.</summary>
    Instructions,
}
