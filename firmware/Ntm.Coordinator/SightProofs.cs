using System.Buffers.Binary;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Signalling;
using Ntm.Tunnel;

namespace Ntm.Coordinator;

/// <summary>
/// Proofs that a node was reached at an address at which this coordinator saw a check of its (docs/protocol.md section 5, "Candidates"). The source of a check can be forged, a reply goes there: only who
/// hears it can show the proof in it. Nothing is remembered of whom they were given to.
/// </summary>
internal sealed class SightProofs
{
    private readonly byte[] _secret = new byte[32];

    public SightProofs(IEntropy entropy) => entropy.Fill(_secret);

    /// <param name="now">Boot time.</param>
    public ulong Of(TimeSpan now, PublicKey node, RealAddress seen) => Make(Period(now), node, seen);

    /// <summary>Good in the period it was given in and the next.</summary>
    /// <param name="now">Boot time.</param>
    public bool IsGood(TimeSpan now, PublicKey node, RealAddress seen, ulong proof) =>
        proof != 0 && (proof == Make(Period(now), node, seen) || proof == Make(Period(now) - 1, node, seen));

    private static long Period(TimeSpan now) => now.Ticks / Limits.SightProofPeriod.Ticks;

    private ulong Make(long period, PublicKey node, RealAddress seen)
    {
        var address = seen.ToWire();
        byte[] input = [.. BitConverter.GetBytes(period), .. node.ToArray(), .. BitConverter.GetBytes(address.Port), .. address.Address.Span];
        Span<byte> mac = stackalloc byte[16];
        Blake2s.Mac16(_secret, input, mac);
        return BinaryPrimitives.ReadUInt64LittleEndian(mac) | 1; // never 0, which is none
    }
}
