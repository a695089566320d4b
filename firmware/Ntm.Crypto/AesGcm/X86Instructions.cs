using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Ntm.Crypto.AesGcm;

// AES-NI and PCLMULQDQ (Intel since 2010, AMD since 2011).
internal readonly struct X86Instructions : IAesInstructions
{
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Aes.IsSupported && Pclmulqdq.IsSupported && Ssse3.IsSupported;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Begin(Vector128<byte> state, Vector128<byte> first) => state ^ first;

    // AESENC: ShiftRows, SubBytes, MixColumns, AddRoundKey.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => Aes.Encrypt(state, after);

    // AESENCLAST: ShiftRows, SubBytes, AddRoundKey.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => Aes.EncryptLast(state, after);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyLower(Vector128<ulong> a, Vector128<ulong> b) => Pclmulqdq.CarrylessMultiply(a, b, 0x00);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyUpper(Vector128<ulong> a, Vector128<ulong> b) => Pclmulqdq.CarrylessMultiply(a, b, 0x11);
}
