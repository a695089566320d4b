using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>A binding that chains to the owner key: who a party is.</summary>
/// <param name="Zone">Canonical zone name.</param>
/// <param name="Role">What it is.</param>
/// <param name="Name">Its name in the zone, one label.</param>
/// <param name="Key">Its key.</param>
/// <param name="OneTimeKey">The invite it was made with.</param>
/// <param name="Signed">As it travels.</param>
public sealed record VouchedBinding(string Zone, Role Role, string Name, PublicKey Key, ByteString OneTimeKey, SignedBinding Signed);

/// <summary>Whether a binding is good (docs/protocol.md section 3).</summary>
public static class BindingCheck
{
    /// <summary>The zone a binding says it is of, unverified; null where it says none that can be.</summary>
    public static string? ZoneOf(SignedBinding? signed) =>
        signed is not null && Wire.TryParse(Binding.Parser, signed.Binding, out var binding) && NtmName.IsZone(binding.Zone) ? binding.Zone : null;

    /// <param name="signed">What a peer or coordinator sent; may be null or anything.</param>
    /// <param name="ownerKey">The pinned owner key.</param>
    /// <param name="zone">The zone it must be of.</param>
    /// <param name="vouched">Who it is.</param>
    /// <param name="problem">Where false: why, for the log.</param>
    public static bool TryVouch(
        SignedBinding? signed, ReadOnlySpan<byte> ownerKey, string zone,
        [NotNullWhen(true)] out VouchedBinding? vouched, [NotNullWhen(false)] out string? problem)
    {
        vouched = null;
        if (signed is null || !Signing.Verify(ownerKey, Signing.GrantContext, signed.Grant, signed.GrantSignature))
        {
            problem = "its grant is not signed by this zone's owner key";
            return false;
        }

        if (!Wire.TryParse(Grant.Parser, signed.Grant, out var grant) || !Wire.TryParse(Binding.Parser, signed.Binding, out var binding))
        {
            problem = "its grant or binding does not parse";
            return false;
        }

        if (grant.OneTimePublicKey.Length != Ed25519.Size
            || !Signing.Verify(grant.OneTimePublicKey.Span, Signing.BindingContext, signed.Binding, signed.BindingSignature))
        {
            problem = "it is not signed by the invite's one-time key";
            return false;
        }

        if (grant.Zone != zone || binding.Zone != zone || grant.Role != binding.Role || (grant.Name.Length > 0 && grant.Name != binding.Name)
            || binding.MadeAt > grant.Expires || binding.PublicKey.Length != PublicKey.Size || !NtmName.IsLabel(binding.Name))
        {
            problem = "its zone, role, name, key or date do not agree with the grant";
            return false;
        }

        problem = null;
        vouched = new(zone, binding.Role, binding.Name, new PublicKey(binding.PublicKey.Span), grant.OneTimePublicKey, signed);
        return true;
    }
}
