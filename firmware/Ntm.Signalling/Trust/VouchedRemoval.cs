using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>A removal that the owner key signed: a key is out of the zone (docs/protocol.md section 3).</summary>
/// <param name="Zone">Canonical zone name.</param>
/// <param name="Name">The key's name when it was removed.</param>
/// <param name="Key">The key.</param>
/// <param name="OneTimeKey">The invite that its binding was made with.</param>
/// <param name="MadeAt">Unix seconds, by the owner's clock.</param>
/// <param name="Signed">As it travels.</param>
public sealed record VouchedRemoval(string Zone, string Name, PublicKey Key, ByteString OneTimeKey, long MadeAt, SignedRemoval Signed)
{
    /// <param name="signed">What came; may be null or anything.</param>
    /// <param name="ownerKey">The pinned owner key.</param>
    /// <param name="zone">The zone it must be of.</param>
    /// <param name="removal">What it says.</param>
    /// <param name="problem">Where false: why, for the log.</param>
    public static bool TryVouch(
        SignedRemoval? signed, ReadOnlySpan<byte> ownerKey, string zone,
        [NotNullWhen(true)] out VouchedRemoval? removal, [NotNullWhen(false)] out string? problem)
    {
        removal = null;
        if (signed is null || !Signing.Verify(ownerKey, Signing.RemovalContext, signed.Removal, signed.Signature))
        {
            problem = "it is not signed by this zone's owner key";
            return false;
        }

        if (!TryRead(signed, out removal) || removal.Zone != zone)
        {
            removal = null;
            problem = "its zone, name, key or invite cannot be";
            return false;
        }

        problem = null;
        return true;
    }

    /// <summary>Reads one whose signature was checked before it was kept.</summary>
    public static bool TryRead(SignedRemoval signed, [NotNullWhen(true)] out VouchedRemoval? removal)
    {
        removal = Wire.TryParse(Removal.Parser, signed.Removal, out var read) && NtmName.IsZone(read.Zone) && NtmName.IsLabel(read.Name)
            && read.PublicKey.TryRead(out var key) && read.OneTimePublicKey.Length == Ed25519.Size
                ? new(read.Zone, read.Name, key, read.OneTimePublicKey, read.MadeAt, signed)
                : null;
        return removal is not null;
    }

    /// <summary>Whether a binding is of no worth any more: of the removed key and not younger, or of the removed key's invite, whatever key it binds.</summary>
    public bool Covers(VouchedBinding binding) =>
        binding.Zone == Zone && (binding.OneTimeKey == OneTimeKey || (binding.Key == Key && DateOf(binding) <= MadeAt));

    /// <summary>When a binding was made by its maker's clock, Unix seconds.</summary>
    public static long DateOf(VouchedBinding binding) => Wire.TryParse(Binding.Parser, binding.Signed.Binding, out var read) ? read.MadeAt : 0;
}
