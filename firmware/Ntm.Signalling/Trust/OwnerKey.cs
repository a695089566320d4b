using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Google.Protobuf;

namespace Ntm.Signalling.Trust;

/// <summary>A zone's owner key: Ed25519. Needed to make invites and removals, and for nothing else (docs/protocol.md section 3).</summary>
public sealed class OwnerKey
{
    private readonly byte[] _seed;

    /// <param name="seed">32 bytes.</param>
    public OwnerKey(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, Ed25519.Size);
        _seed = seed.ToArray();
        Public = new byte[Ed25519.Size];
        Ed25519.PublicKey(_seed, Public);
    }

    public static OwnerKey Generate(IEntropy entropy)
    {
        Span<byte> seed = stackalloc byte[Ed25519.Size];
        entropy.Fill(seed);
        return new OwnerKey(seed);
    }

    public byte[] Public { get; }

    public ReadOnlySpan<byte> Seed => _seed;

    /// <summary>An invite by which one party can join, once.</summary>
    /// <param name="zone">Canonical zone name.</param>
    /// <param name="role">What it may join as.</param>
    /// <param name="name">The name it must take; empty: its own choice.</param>
    /// <param name="expires">Until when.</param>
    /// <param name="coordinators">Whom to ask; at least one.</param>
    /// <param name="entropy">For the one-time key.</param>
    public Invite Invite(string zone, Role role, string name, DateTimeOffset expires, IEnumerable<Server> coordinators, IEntropy entropy)
    {
        Span<byte> seed = stackalloc byte[Ed25519.Size];
        Span<byte> oneTime = stackalloc byte[Ed25519.Size];
        entropy.Fill(seed);
        Ed25519.PublicKey(seed, oneTime);
        var grant = new Grant
        {
            Zone = zone,
            Role = role,
            Name = name,
            Expires = expires.ToUnixTimeSeconds(),
            OneTimePublicKey = ByteString.CopyFrom(oneTime),
        }.ToByteString();
        var invite = new Invite
        {
            Grant = grant,
            GrantSignature = Signing.Sign(_seed, Signing.GrantContext, grant),
            OneTimeSeed = ByteString.CopyFrom(seed),
            OwnerPublicKey = ByteString.CopyFrom(Public),
        };
        invite.Coordinators.AddRange(coordinators);
        return invite;
    }

    /// <summary>The statement that takes a key out of the zone.</summary>
    /// <param name="member">Who it is, as the zone knows it.</param>
    /// <param name="madeAt">Wall time; later than the binding, else it would not count against it.</param>
    public SignedRemoval Remove(VouchedBinding member, DateTimeOffset madeAt)
    {
        var removal = new Removal
        {
            Zone = member.Zone,
            Name = member.Name,
            PublicKey = member.Key.ToWire(),
            MadeAt = Math.Max(madeAt.ToUnixTimeSeconds(), VouchedRemoval.DateOf(member)),
            OneTimePublicKey = member.OneTimeKey,
        }.ToByteString();
        return new SignedRemoval { Removal = removal, Signature = Signing.Sign(_seed, Signing.RemovalContext, removal) };
    }
}
