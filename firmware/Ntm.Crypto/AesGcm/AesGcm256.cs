using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// AES-256-GCM by the processor's own instructions, under one key: nothing is allocated per call, and no call leaves the runtime. Several
// threads may seal and open at once: nothing is kept between calls but the key.
internal sealed class AesGcm256 : IDisposable
{
    internal const int KeySize = GcmKey.KeySize;
    internal const int NonceSize = 12;
    internal const int TagSize = GcmKey.BlockSize;

    private readonly GcmKey _key = new();

    internal AesGcm256(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        if (X86Instructions.IsSupported)
        {
            Gcm<X86Instructions>.Prepare(key, _key);
        }
        else if (ArmRounds<ArmInstructions>.IsSupported)
        {
            Gcm<ArmRounds<ArmInstructions>>.Prepare(key, _key);
        }
        else
        {
            throw new PlatformNotSupportedException("This processor has no instructions for AES and carry-less multiplication.");
        }
    }

    internal static bool IsSupported => X86Instructions.IsSupported || ArmRounds<ArmInstructions>.IsSupported;

    internal void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, Span<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagSize, nameof(tag));

        // Which of them is supported the compiler knows: the other's code is not there.
        if (X86Instructions.IsSupported)
        {
            Gcm<X86Instructions>.Seal(_key, CounterBlock.OfMask(nonce), associatedData, text, tag);
        }
        else
        {
            Gcm<ArmRounds<ArmInstructions>>.Seal(_key, CounterBlock.OfMask(nonce), associatedData, text, tag);
        }
    }

    // False where the tag does not fit; the text is zeroed then.
    internal bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> text, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagSize, nameof(tag));
        return X86Instructions.IsSupported
            ? Gcm<X86Instructions>.TryOpen(_key, CounterBlock.OfMask(nonce), associatedData, text, tag)
            : Gcm<ArmRounds<ArmInstructions>>.TryOpen(_key, CounterBlock.OfMask(nonce), associatedData, text, tag);
    }

    public void Dispose() => _key.Dispose();
}
