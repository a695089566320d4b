using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>
/// The text form of a share's offer: "ntms1" and base64url of four bytes of checksum and the <see cref="ShareOffer"/>. A secret: the first owner who
/// uses it has the share (docs/protocol.md section 3).
/// </summary>
public static class ShareCode
{
    public const string Prefix = "ntms1";

    /// <summary>Characters of a code, at most.</summary>
    public const int LongestCode = 2048;

    private const int ChecksumSize = 4;

    public static string Write(ShareOffer offer)
    {
        var message = offer.ToByteArray();
        var bytes = new byte[ChecksumSize + message.Length];
        message.CopyTo(bytes, ChecksumSize);
        Checksum(message, bytes);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a code and checks its form, names and key lengths.</summary>
    /// <param name="code">What the owner typed or pasted; white space around and inside is ignored.</param>
    /// <param name="offer">The offer.</param>
    /// <param name="problem">Where false: what is wrong and what to do, as a sentence.</param>
    public static bool TryRead(string? code, [NotNullWhen(true)] out ShareOffer? offer, [NotNullWhen(false)] out string? problem)
    {
        offer = null;
        var text = string.Concat((code ?? "").Where(c => !char.IsWhiteSpace(c)));
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > LongestCode)
        {
            problem = $"This is not a share code: one begins with '{Prefix}' and comes from 'ntm share' on the gateway that shares.";
            return false;
        }

        try
        {
            var bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
            Span<byte> checksum = stackalloc byte[ChecksumSize];
            if (bytes.Length > ChecksumSize)
            {
                Checksum(bytes.AsSpan(ChecksumSize), checksum);
                if (checksum.SequenceEqual(bytes.AsSpan(0, ChecksumSize)))
                {
                    _ = Wire.TryParse(ShareOffer.Parser, bytes.AsSpan(ChecksumSize), out offer);
                }
            }
        }
        catch (FormatException)
        {
            // Said below.
        }

        if (offer is null || !NtmName.IsZone(offer.Zone) || !NtmName.IsLabel(offer.Node) || (offer.Device.Length > 0 && !NtmName.IsLabel(offer.Device))
            || offer.OwnerPublicKey.Length != Ed25519.Size || offer.ShareSeed.Length != Ed25519.Size || !PortSet.TryParse(offer.Ports, out _, out _))
        {
            offer = null;
            problem = "The share code is damaged: characters are missing or changed. Copy all of it again.";
            return false;
        }

        problem = null;
        return true;
    }

    /// <summary>The name that is shared, in full.</summary>
    public static string NameOf(ShareOffer offer) => offer.Device.Length > 0 ? $"{offer.Device}.{offer.Node}.{offer.Zone}" : $"{offer.Node}.{offer.Zone}";

    private static void Checksum(ReadOnlySpan<byte> message, Span<byte> into)
    {
        Span<byte> hash = stackalloc byte[Blake2s.Size];
        Blake2s.Hash("ntm share code\0"u8, message, hash);
        hash[..ChecksumSize].CopyTo(into);
    }
}
