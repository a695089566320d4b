using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Ntm.Crypto.AesGcm;

// The cryptographic extension of Armv8-A: AESE, AESMC, PMULL, PMULL2.
internal readonly struct ArmInstructions : IAesInstructions
{
    // AESE and PMULL are one extension, and .NET has one question for both.
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Aes.IsSupported && AdvSimd.Arm64.IsSupported;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Begin(Vector128<byte> state, Vector128<byte> first) => state;

    // AESE: AddRoundKey, SubBytes, ShiftRows. AESMC: MixColumns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => Aes.MixColumns(Aes.Encrypt(state, before));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => Aes.Encrypt(state, before) ^ after;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyLower(Vector128<ulong> a, Vector128<ulong> b) => Aes.PolynomialMultiplyWideningLower(a.GetLower(), b.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyUpper(Vector128<ulong> a, Vector128<ulong> b) => Aes.PolynomialMultiplyWideningUpper(a, b);
}
