using Ntm.Crypto.AesGcm;

namespace Ntm.Crypto;

/// <summary>What this machine's processor does by itself.</summary>
public static class CipherHardware
{
    /// <summary>Whether there are instructions for AES's rounds and for GHASH's carry-less multiplication (x86-64: AES-NI, PCLMULQDQ; Arm: AES, PMULL). Without them
    /// AES-256-GCM is slower than ChaCha20-Poly1305, and in software hardly free of timing leaks: a node should not offer it.</summary>
    public static bool HasAes => AesGcm256.IsSupported;
}
