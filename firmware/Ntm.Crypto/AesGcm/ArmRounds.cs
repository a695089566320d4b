using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// AES's rounds as Arm's instructions divide them: a round's instruction adds the key of the round before, so that the first addition needs none of its own and the
// last one does. Apart from the instructions themselves, so that it is tested with a model of them.
internal readonly struct ArmRounds<TArm> : IAesInstructions
    where TArm : struct, IArmInstructions
{
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TArm.IsSupported;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Begin(Vector128<byte> state, Vector128<byte> first) => state;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => TArm.Aesmc(TArm.Aese(state, before));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after) => TArm.Aese(state, before) ^ after;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyLower(Vector128<ulong> a, Vector128<ulong> b) => TArm.Pmull(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyUpper(Vector128<ulong> a, Vector128<ulong> b) => TArm.Pmull2(a, b);
}
