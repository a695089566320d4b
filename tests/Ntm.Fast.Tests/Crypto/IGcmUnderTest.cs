namespace Ntm.Fast.Tests.Crypto;

/// <summary>One of several AES-256-GCM that must do the same, under one key.</summary>
internal interface IGcmUnderTest : IDisposable
{
    void Seal(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag);

    bool TryOpen(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag);
}
