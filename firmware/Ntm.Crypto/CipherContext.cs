using Microsoft.Win32.SafeHandles;

namespace Ntm.Crypto;

// An EVP_CIPHER_CTX that holds a key. Freeing it wipes the key (libcrypto does); a forgotten one is freed by its finaliser.
internal sealed class CipherContext : SafeHandleZeroOrMinusOneIsInvalid
{
    internal CipherContext() : base(ownsHandle: true) => SetHandle(LibCrypto.Check(LibCrypto.EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new"));

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }
}
