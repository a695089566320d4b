using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>libcrypto's AES-256-GCM.</summary>
internal sealed class GcmOfLibrary(byte[] key) : IGcmUnderTest
{
    private readonly LibCipher _cipher = new(Algorithms.Aes256Gcm, key);

    public void Seal(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag) => _cipher.Seal(nonce, associatedData, text, tag);

    public bool TryOpen(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag) => _cipher.TryOpen(nonce, associatedData, text, tag);

    public void Dispose() => _cipher.Dispose();
}
