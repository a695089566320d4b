using Microsoft.Win32.SafeHandles;
using static Ntm.Crypto.LibCrypto;

namespace Ntm.Crypto;

// An EVP_CIPHER_CTX that holds a key. Freeing it wipes the key (libcrypto does); a forgotten one is freed by its finaliser.
internal sealed class CipherContext : SafeHandleZeroOrMinusOneIsInvalid
{
    internal CipherContext() : base(ownsHandle: true) => SetHandle(Check(EVP_CIPHER_CTX_new()));

    protected override bool ReleaseHandle()
    {
        EVP_CIPHER_CTX_free(handle);
        return true;
    }
}
