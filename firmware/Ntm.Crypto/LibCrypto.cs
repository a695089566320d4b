using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Ntm.Crypto;

// The one door to OpenSSL 3's libcrypto, the same library .NET itself loads: what is called, how it is found, and how its refusals
// become exceptions. Names are OpenSSL's, so that its manual pages can be looked up. Nothing here knows what the calls are for.
internal static unsafe partial class LibCrypto
{
    internal const string Library = "libcrypto.so.3";

    internal const int EVP_CTRL_AEAD_GET_TAG = 0x10;
    internal const int EVP_CTRL_AEAD_SET_TAG = 0x11;
    private const ulong OPENSSL_INIT_NO_ATEXIT = 0x00080000;

    static LibCrypto() =>
        NativeLibrary.SetDllImportResolver(typeof(LibCrypto).Assembly, (name, _, _) => name == Library ? Load(Library) : 0);

    /// <exception cref="DllNotFoundException">With a text for people: what, where, what to do.</exception>
    internal static nint Load(string library)
    {
        nint handle;
        try
        {
            handle = NativeLibrary.Load(library);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException(
                $"Encryption needs {library} (OpenSSL 3.0 or newer), which the dynamic linker cannot load on this machine. " +
                "Install it (Debian, Ubuntu: libssl3 or libssl3t64; OpenWrt: libopenssl3; Yocto: libcrypto), built for " +
                $"{RuntimeInformation.ProcessArchitecture}, or name its folder in LD_LIBRARY_PATH. The linker said: {e.Message}", e);
        }

        // Else libcrypto would tear itself down in exit() under the feet of a pump thread that is still sealing.
        var init = (delegate* unmanaged<ulong, void*, int>)NativeLibrary.GetExport(handle, "OPENSSL_init_crypto");
        if (init(OPENSSL_INIT_NO_ATEXIT, null) != 1)
            throw new CryptographicException($"{library} was found but refused to initialise; check its openssl.cnf.");
        return handle;
    }

    /// <summary>Throws unless a call that can only fail for want of memory, or by a bug of ours, did what it should.</summary>
    internal static void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 1)
            throw Failure(call);
    }

    internal static nint Check(nint handle, [CallerArgumentExpression(nameof(handle))] string call = "") =>
        handle != 0 ? handle : throw Failure(call);

    /// <summary>The oldest error of this thread's libcrypto error queue as an exception; empties the queue.</summary>
    /// <param name="call">The call's source text; only the function's name, before the parenthesis, is told.</param>
    internal static CryptographicException Failure(string call)
    {
        nuint code = ERR_get_error();
        byte* text = stackalloc byte[256];
        ERR_error_string_n(code, text, 256);
        ERR_clear_error();
        return new CryptographicException($"libcrypto's {call.Split('(')[0]} failed: {Marshal.PtrToStringUTF8((nint)text)}");
    }

    internal static string Version => Marshal.PtrToStringUTF8(OpenSSL_version(0)) ?? "of unknown version";

    [LibraryImport(Library)]
    private static partial nint OpenSSL_version(int type);

    [LibraryImport(Library)]
    private static partial nuint ERR_get_error();

    [LibraryImport(Library)]
    private static partial void ERR_error_string_n(nuint code, byte* buffer, nuint length);

    [LibraryImport(Library)]
    internal static partial void ERR_clear_error();

    // Digests.

    [LibraryImport(Library)]
    internal static partial nint EVP_MD_fetch(nint context, byte* algorithm, byte* properties);

    [LibraryImport(Library)]
    internal static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_MD_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestInit_ex2(nint ctx, nint type, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestUpdate(nint ctx, byte* data, nuint length);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestFinal_ex(nint ctx, byte* digest, uint* length);

    // Message authentication codes.

    [LibraryImport(Library)]
    internal static partial nint EVP_MAC_fetch(nint context, byte* algorithm, byte* properties);

    [LibraryImport(Library)]
    internal static partial nint EVP_MAC_CTX_new(nint mac);

    [LibraryImport(Library)]
    internal static partial void EVP_MAC_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_MAC_init(nint ctx, byte* key, nuint keyLength, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_MAC_update(nint ctx, byte* data, nuint length);

    [LibraryImport(Library)]
    internal static partial int EVP_MAC_final(nint ctx, byte* output, nuint* length, nuint size);

    // Ciphers.

    [LibraryImport(Library)]
    internal static partial nint EVP_CIPHER_fetch(nint context, byte* algorithm, byte* properties);

    [LibraryImport(Library)]
    internal static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_CIPHER_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_EncryptInit_ex2(nint ctx, nint cipher, byte* key, byte* iv, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_EncryptUpdate(nint ctx, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    internal static partial int EVP_EncryptFinal_ex(nint ctx, byte* output, int* outputLength);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptInit_ex2(nint ctx, nint cipher, byte* key, byte* iv, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptUpdate(nint ctx, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    internal static partial int EVP_DecryptFinal_ex(nint ctx, byte* output, int* outputLength);

    [LibraryImport(Library)]
    internal static partial int EVP_CIPHER_CTX_ctrl(nint ctx, int type, int argument, byte* pointer);

    // Keys.

    [LibraryImport(Library)]
    internal static partial nint EVP_PKEY_new_raw_private_key_ex(nint context, byte* type, byte* properties, byte* key, nuint length);

    [LibraryImport(Library)]
    internal static partial nint EVP_PKEY_new_raw_public_key_ex(nint context, byte* type, byte* properties, byte* key, nuint length);

    [LibraryImport(Library)]
    internal static partial int EVP_PKEY_get_raw_public_key(nint key, byte* publicKey, nuint* length);

    [LibraryImport(Library)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    internal static partial nint EVP_PKEY_CTX_new_from_pkey(nint context, nint key, byte* properties);

    [LibraryImport(Library)]
    internal static partial void EVP_PKEY_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_PKEY_derive_init(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_PKEY_derive_set_peer_ex(nint ctx, nint peer, int validate);

    [LibraryImport(Library)]
    internal static partial int EVP_PKEY_derive(nint ctx, byte* secret, nuint* length);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestSignInit_ex(
        nint ctx, nint* keyCtx, byte* digest, nint context, byte* properties, nint key, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestSign(nint ctx, byte* signature, nuint* signatureLength, byte* data, nuint length);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestVerifyInit_ex(
        nint ctx, nint* keyCtx, byte* digest, nint context, byte* properties, nint key, Parameter* parameters);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestVerify(nint ctx, byte* signature, nuint signatureLength, byte* data, nuint length);
}
