using Ntm.Crypto;

namespace Ntm.Fast.Tests.Crypto;

public sealed class LibCryptoTests
{
    [Fact]
    public void A_missing_library_says_what_where_and_what_to_do()
    {
        var error = Assert.Throws<DllNotFoundException>(() => LibCrypto.Load("libcrypto.so.none"));
        Assert.Contains("libcrypto.so.none", error.Message);
        Assert.Contains("OpenSSL 3.0", error.Message);
        Assert.Contains("Install it", error.Message);
        Assert.Contains("LD_LIBRARY_PATH", error.Message);
    }

    [Fact]
    public void A_missing_algorithm_says_which_library_lacks_it()
    {
        string text = Algorithms.Missing("BLAKE2S-256").Message;
        Assert.Contains("BLAKE2S-256", text);
        Assert.Contains("OpenSSL 3.", text);
        Assert.Contains("default provider", text);
    }

    [Fact]
    public void A_failed_call_is_named_with_libcryptos_reason()
    {
        // A MAC longer than BLAKE2s gives: libcrypto refuses the parameter.
        var error = Assert.Throws<System.Security.Cryptography.CryptographicException>(
            () => Blake2s.Mac(new byte[32], default, new byte[33]));
        Assert.Contains("EVP_MAC_init", error.Message);
        Assert.DoesNotContain("00000000", error.Message);
    }
}
