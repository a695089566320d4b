using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// The four instructions of Armv8-A's cryptographic extension that AES-GCM needs, by their names in Arm's reference manual (DDI 0487, C7.2).
internal interface IArmInstructions
{
    static abstract bool IsSupported { get; }

    // AddRoundKey, ShiftRows, SubBytes.
    static abstract Vector128<byte> Aese(Vector128<byte> state, Vector128<byte> key);

    // MixColumns.
    static abstract Vector128<byte> Aesmc(Vector128<byte> state);

    // Carry-less product of the lower halves.
    static abstract Vector128<ulong> Pmull(Vector128<ulong> a, Vector128<ulong> b);

    // Carry-less product of the upper halves.
    static abstract Vector128<ulong> Pmull2(Vector128<ulong> a, Vector128<ulong> b);
}
