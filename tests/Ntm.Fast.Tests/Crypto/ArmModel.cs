using System.Runtime.Intrinsics;
using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>Arm's four instructions as the pseudocode of its reference manual has them (DDI 0487, C7.2: AESE, AESMC, PMULL, PMULL2).</summary>
internal readonly struct ArmModel : IArmInstructions
{
    public static bool IsSupported => true;

    // result = operand1 EOR operand2; result = AESSubBytes(AESShiftRows(result)).
    public static Vector128<byte> Aese(Vector128<byte> state, Vector128<byte> key) => AesModel.SubBytes(AesModel.ShiftRows(state ^ key));

    public static Vector128<byte> Aesmc(Vector128<byte> state) => AesModel.MixColumns(state);

    public static Vector128<ulong> Pmull(Vector128<ulong> a, Vector128<ulong> b) => AesModel.Multiply(a[0], b[0]);

    public static Vector128<ulong> Pmull2(Vector128<ulong> a, Vector128<ulong> b) => AesModel.Multiply(a[1], b[1]);
}
