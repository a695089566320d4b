using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// What AES-GCM wants of a processor. A struct implements it and is a type argument, so that the compiler puts each instruction where it is used: nothing is
// called. Every operation must take the same time whatever its operands are.
internal interface IAesInstructions
{
    static abstract bool IsSupported { get; }

    // The processors disagree on where in a round its key is added: x86-64 does it at the end, Arm at the beginning. So a round gets both keys, the one before it
    // and the one after it, and uses one; what is left over is done before the first round and after the last.

    // Adds the first round key, where rounds add theirs at the end.
    static abstract Vector128<byte> Begin(Vector128<byte> state, Vector128<byte> first);

    // SubBytes, ShiftRows, MixColumns, and a key.
    static abstract Vector128<byte> Round(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after);

    // SubBytes, ShiftRows, and all keys that are left.
    static abstract Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> before, Vector128<byte> after);

    // Carry-less products, 64 by 64 to 128 bits: of the lower halves, and of the upper halves.
    static abstract Vector128<ulong> MultiplyLower(Vector128<ulong> a, Vector128<ulong> b);

    static abstract Vector128<ulong> MultiplyUpper(Vector128<ulong> a, Vector128<ulong> b);
}
