using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Ntm.Crypto.AesGcm;

// Eight blocks in the processor at once: a round's instruction takes three or four cycles, but one or two can be begun in each.
internal unsafe ref struct EightBlocks<TInstructions>
    where TInstructions : struct, IAesInstructions
{
    internal const int Count = 8;

    private const int Block = GcmKey.BlockSize;

    private Vector128<byte> _0;
    private Vector128<byte> _1;
    private Vector128<byte> _2;
    private Vector128<byte> _3;
    private Vector128<byte> _4;
    private Vector128<byte> _5;
    private Vector128<byte> _6;
    private Vector128<byte> _7;

    // The first block may count apart from the others, which count on from the block before them. One by one: seven constants would take seven registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal EightBlocks(CounterBlock first, CounterBlock beforeOthers, Vector128<byte> key)
    {
        _0 = TInstructions.Begin(first.Bytes, key);
        var counter = beforeOthers.Next;
        _1 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _2 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _3 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _4 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _5 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _6 = TInstructions.Begin(counter.Bytes, key);
        counter = counter.Next;
        _7 = TInstructions.Begin(counter.Bytes, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Round(Vector128<byte> before, Vector128<byte> after)
    {
        _0 = TInstructions.Round(_0, before, after);
        _1 = TInstructions.Round(_1, before, after);
        _2 = TInstructions.Round(_2, before, after);
        _3 = TInstructions.Round(_3, before, after);
        _4 = TInstructions.Round(_4, before, after);
        _5 = TInstructions.Round(_5, before, after);
        _6 = TInstructions.Round(_6, before, after);
        _7 = TInstructions.Round(_7, before, after);
    }

    // The last round, and the result added to eight blocks of text.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void Finish(Vector128<byte> before, Vector128<byte> after, byte* text)
    {
        Add(TInstructions.LastRound(_0, before, after), text);
        Add(TInstructions.LastRound(_1, before, after), text + Block);
        Add(TInstructions.LastRound(_2, before, after), text + (2 * Block));
        Add(TInstructions.LastRound(_3, before, after), text + (3 * Block));
        Add(TInstructions.LastRound(_4, before, after), text + (4 * Block));
        Add(TInstructions.LastRound(_5, before, after), text + (5 * Block));
        Add(TInstructions.LastRound(_6, before, after), text + (6 * Block));
        Add(TInstructions.LastRound(_7, before, after), text + (7 * Block));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector128<byte> block, byte* text) => (block ^ Vector128.Load(text)).Store(text);
}
