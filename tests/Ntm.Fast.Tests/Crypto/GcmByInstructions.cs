using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>The product's code over an instruction set of choice: the processor's, or a model of one.</summary>
internal sealed class GcmByInstructions<TInstructions> : IGcmUnderTest
    where TInstructions : struct, IAesInstructions
{
    private readonly GcmKey _key = new();

    internal GcmByInstructions(byte[] key) => Gcm<TInstructions>.Prepare(key, _key);

    public void Seal(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag) =>
        Gcm<TInstructions>.Seal(_key, CounterBlock.OfMask(nonce), associatedData, text, tag);

    public bool TryOpen(byte[] nonce, byte[] associatedData, byte[] text, byte[] tag) =>
        Gcm<TInstructions>.TryOpen(_key, CounterBlock.OfMask(nonce), associatedData, text, tag);

    public void Dispose() => _key.Dispose();
}
