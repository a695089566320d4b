using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Ntm.Crypto.AesGcm;

internal readonly struct ArmInstructions : IArmInstructions
{
    // AESE and PMULL are one extension, and .NET has one question for both.
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Aes.IsSupported && AdvSimd.Arm64.IsSupported;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Aese(Vector128<byte> state, Vector128<byte> key) => Aes.Encrypt(state, key);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Aesmc(Vector128<byte> state) => Aes.MixColumns(state);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Pmull(Vector128<ulong> a, Vector128<ulong> b) => Aes.PolynomialMultiplyWideningLower(a.GetLower(), b.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Pmull2(Vector128<ulong> a, Vector128<ulong> b) => Aes.PolynomialMultiplyWideningUpper(a, b);
}
