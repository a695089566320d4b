using System.Buffers.Binary;
using System.Numerics;
using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Entropy that is the same for the same seed, on every machine (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64).</summary>
public sealed class SeededEntropy : IEntropy
{
    private readonly ulong _seed;
    private ulong _a, _b, _c, _d;

    public SeededEntropy(ulong seed)
    {
        _seed = seed;
        _a = SplitMix(ref seed);
        _b = SplitMix(ref seed);
        _c = SplitMix(ref seed);
        _d = SplitMix(ref seed);
    }

    /// <summary>A stream of its own for each consumer, so that one more consumer does not change what the others draw.</summary>
    public SeededEntropy Fork(string label)
    {
        var hash = 0xCBF2_9CE4_8422_2325UL;   // FNV-1a
        foreach (var c in label)
        {
            hash = (hash ^ c) * 0x0000_0100_0000_01B3UL;
        }

        return new SeededEntropy(_seed ^ hash);
    }

    public void Fill(Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[8];
        while (bytes.Length > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, NextWord());
            var taken = Math.Min(8, bytes.Length);
            word[..taken].CopyTo(bytes);
            bytes = bytes[taken..];
        }
    }

    public ulong NextWord()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>0 (included) to <paramref name="limit"/> (not included).</summary>
    public int Below(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return (int)(NextWord() % (ulong)limit);
    }

    /// <summary>Whether something of this probability happens. Probability 0 draws nothing, so that a perfect wire disturbs no stream.</summary>
    public bool Chance(double probability) => probability > 0 && (NextWord() >> 11) * (1.0 / (1UL << 53)) < probability;

    /// <summary>Uniform between zero and <paramref name="most"/>.</summary>
    public TimeSpan UpTo(TimeSpan most) => most <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromTicks((long)(NextWord() % (ulong)most.Ticks));

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
