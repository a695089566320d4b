using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

// The algorithms fetched from libcrypto, each once for the process's life: a fetch walks the providers under a lock, a use does not.
internal static unsafe class Algorithms
{
    // Lazy, not static fields: a missing library then throws its own text each time, not a TypeInitializationException.
    private static readonly Lazy<nint> s_blake2s = new(() => Fetch("BLAKE2S-256", "BLAKE2S-256\0"u8, &EVP_MD_fetch));
    private static readonly Lazy<nint> s_blake2sMac = new(() => Fetch("BLAKE2SMAC", "BLAKE2SMAC\0"u8, &EVP_MAC_fetch));
    private static readonly Lazy<nint> s_hmac = new(() => Fetch("HMAC", "HMAC\0"u8, &EVP_MAC_fetch));
    private static readonly Lazy<nint> s_chaCha20Poly1305 =
        new(() => Fetch("ChaCha20-Poly1305", "ChaCha20-Poly1305\0"u8, &EVP_CIPHER_fetch));

    private static readonly Lazy<nint> s_aes256Gcm = new(() => Fetch("AES-256-GCM", "AES-256-GCM\0"u8, &EVP_CIPHER_fetch));

    internal static nint Blake2s => s_blake2s.Value;

    internal static nint Blake2sMac => s_blake2sMac.Value;

    internal static nint Hmac => s_hmac.Value;

    internal static nint ChaCha20Poly1305 => s_chaCha20Poly1305.Value;

    internal static nint Aes256Gcm => s_aes256Gcm.Value;

    private static nint Fetch(string name, ReadOnlySpan<byte> terminated, delegate*<nint, byte*, byte*, nint> fetch)
    {
        nint algorithm;
        fixed (byte* bytes = terminated)
            algorithm = fetch(0, bytes, null);
        if (algorithm != 0)
            return algorithm;
        ERR_clear_error();
        throw Missing(name);
    }

    internal static PlatformNotSupportedException Missing(string name) => new(
        $"{Library} ({LibCrypto.Version}) does not offer {name}, without which no tunnel can be made. It was built without it, or its " +
        "openssl.cnf does not activate the default provider (a FIPS-only set-up, for one): install a full build or activate the provider.");
}
