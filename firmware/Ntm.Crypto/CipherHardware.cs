using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace Ntm.Crypto;

/// <summary>What this processor has instructions for.</summary>
public static class CipherHardware
{
    /// <summary>AES rounds and carry-less multiplication. Without them AES-GCM is slower than ChaCha20-Poly1305, and no node should offer it.</summary>
    public static bool HasAes => Arm.Aes.IsSupported || (X86.Aes.IsSupported && X86.Pclmulqdq.IsSupported && X86.Ssse3.IsSupported);
}
