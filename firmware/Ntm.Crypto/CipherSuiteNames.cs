namespace Ntm.Crypto;

/// <summary>Suites as standards and people call them.</summary>
public static class CipherSuiteNames
{
    public static string Name(this CipherSuite suite) => suite switch
    {
        CipherSuite.Aes256Gcm => "AES-256-GCM",
        _ => "ChaCha20-Poly1305",
    };
}
