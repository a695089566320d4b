using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>The text form of an invite: "ntm1" and base64url. A secret until used.</summary>
public static class InviteCode
{
    public const string Prefix = "ntm1";
    private const int LongestCode = 4096;

    public static string Write(Invite invite) => Prefix + Base64Url.EncodeToString(invite.ToByteArray());

    /// <summary>Reads a code and checks all that can be checked without a clock or a coordinator: form, owner's signature, key lengths, names.</summary>
    /// <param name="code">What the owner typed or pasted; white space around and inside is ignored.</param>
    /// <param name="invite">The invite.</param>
    /// <param name="grant">What it grants.</param>
    /// <param name="problem">Where false: what is wrong and what to do, as a sentence.</param>
    public static bool TryRead(
        string? code, [NotNullWhen(true)] out Invite? invite, [NotNullWhen(true)] out Grant? grant, [NotNullWhen(false)] out string? problem)
    {
        invite = null;
        grant = null;
        var text = string.Concat((code ?? "").Where(c => !char.IsWhiteSpace(c)));
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > LongestCode)
        {
            problem = $"This is not an invite code: one begins with '{Prefix}' and comes from 'ntm-coordinator invite'.";
            return false;
        }

        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
        }
        catch (FormatException)
        {
            bytes = [];
        }

        if (bytes.Length == 0 || !Wire.TryParse(Protocol.Signalling.Invite.Parser, bytes, out var read) || !Wire.TryParse(Grant.Parser, read.Grant, out var readGrant))
        {
            problem = "The invite code is damaged: characters are missing or changed. Copy all of it again.";
            return false;
        }

        if (read.OwnerPublicKey.Length != Ed25519.Size || read.OneTimeSeed.Length != Ed25519.Size || readGrant.OneTimePublicKey.Length != Ed25519.Size
            || !NtmName.IsZone(readGrant.Zone) || (readGrant.Name.Length > 0 && !NtmName.IsLabel(readGrant.Name))
            || read.Coordinators.Count is 0 or > 8 || !Signing.Verify(read.OwnerPublicKey.Span, Signing.GrantContext, read.Grant, read.GrantSignature)
            || read.Coordinators.Any(c => c.PublicKey.Length != PublicKey.Size || c.Endpoints.Count == 0))
        {
            problem = "The invite code is damaged or forged: its owner's signature does not fit. Ask for a new one.";
            return false;
        }

        problem = null;
        invite = read;
        grant = readGrant;
        return true;
    }

    /// <summary>Binds a key and a name with the invite's one-time key.</summary>
    /// <param name="invite">A good invite.</param>
    /// <param name="name">The node's name; the granted one where the grant has one.</param>
    /// <param name="key">The node key.</param>
    /// <param name="madeAt">Wall time; at most the grant's expiry.</param>
    public static SignedBinding Bind(Invite invite, string name, PublicKey key, DateTimeOffset madeAt)
    {
        if (!Wire.TryParse(Grant.Parser, invite.Grant, out var grant))
        {
            throw new ArgumentException("This is no invite that was read by TryRead.", nameof(invite));
        }

        var binding = new Binding
        {
            Zone = grant.Zone,
            Role = grant.Role,
            Name = name,
            PublicKey = ByteString.CopyFrom(key.ToArray()),
            MadeAt = Math.Min(madeAt.ToUnixTimeSeconds(), grant.Expires),
        }.ToByteString();
        return new SignedBinding
        {
            Grant = invite.Grant,
            GrantSignature = invite.GrantSignature,
            Binding = binding,
            BindingSignature = Signing.Sign(invite.OneTimeSeed.Span, Signing.BindingContext, binding),
        };
    }
}
