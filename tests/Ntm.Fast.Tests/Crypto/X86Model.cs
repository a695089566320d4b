using System.Runtime.Intrinsics;
using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>x86-64's instructions as Intel's manual has them (AESENC, AESENCLAST, PCLMULQDQ).</summary>
internal readonly struct X86Model : IAesInstructions
{
    public static bool IsSupported => true;

    public static Vector128<byte> Begin(Vector128<byte> state, Vector128<byte> first) => state ^ first;

    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) =>
        AesModel.MixColumns(AesModel.SubBytes(AesModel.ShiftRows(state))) ^ after;

    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) =>
        AesModel.SubBytes(AesModel.ShiftRows(state)) ^ after;

    public static Vector128<ulong> MultiplyLower(Vector128<ulong> a, Vector128<ulong> b) => AesModel.Multiply(a[0], b[0]);

    public static Vector128<ulong> MultiplyUpper(Vector128<ulong> a, Vector128<ulong> b) => AesModel.Multiply(a[1], b[1]);
}
