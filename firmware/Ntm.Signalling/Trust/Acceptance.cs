using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>
/// That a share belongs to an owner: zone and owner key, signed with the key that the share code carries. Whoever has seen the code can sign one;
/// the sharing node takes the first and holds to it.
/// </summary>
/// <param name="Share">The share's public key, Ed25519: what names it.</param>
/// <param name="Zone">The accepting owner's zone.</param>
/// <param name="OwnerKey">The accepting owner's key, Ed25519.</param>
public sealed record Acceptance(ByteString Share, string Zone, ByteString OwnerKey)
{
    public static SignedAcceptance Sign(ShareOffer offer, string zone, ReadOnlySpan<byte> ownerKey)
    {
        var message = new ShareAcceptance { SharePublicKey = PublicKeyOf(offer.ShareSeed.Span), Zone = zone, OwnerPublicKey = ByteString.CopyFrom(ownerKey) }.ToByteString();
        return new SignedAcceptance { Acceptance = message, Signature = Signing.Sign(offer.ShareSeed.Span, Signing.ShareContext, message) };
    }

    /// <summary>A share's public key.</summary>
    public static ByteString PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        var key = new byte[Ed25519.Size];
        Ed25519.PublicKey(seed, key);
        return ByteString.CopyFrom(key);
    }

    /// <summary>Reads and verifies; false for null, what does not parse, and a signature that is not the share's own.</summary>
    public static bool TryVerify(SignedAcceptance? signed, [NotNullWhen(true)] out Acceptance? acceptance)
    {
        acceptance = null;
        if (signed is null || !Wire.TryParse(ShareAcceptance.Parser, signed.Acceptance, out var read)
            || read.SharePublicKey.Length != Ed25519.Size || read.OwnerPublicKey.Length != Ed25519.Size || !NtmName.IsZone(read.Zone)
            || !Signing.Verify(read.SharePublicKey.Span, Signing.ShareContext, signed.Acceptance, signed.Signature))
        {
            return false;
        }

        acceptance = new(read.SharePublicKey, read.Zone, read.OwnerPublicKey);
        return true;
    }
}
