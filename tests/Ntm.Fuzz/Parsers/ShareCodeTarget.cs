using System.Buffers.Text;
using System.Text;
using Google.Protobuf;
using Ntm.Fuzz.Cores;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Parsers;

/// <summary>Share codes: as text, and (first byte even) as the offer within, so that mutations get past base64 and checksum.</summary>
public sealed class ShareCodeTarget : Target
{
    public override string Name => "share-code";

    public override string Law => "ShareCode.TryRead and TakenShares.Accept: never throw; what is accepted has a name, keys and ports that can be, and signs an acceptance that verifies";

    public override int LongestInput => 1024;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        yield return ("text", [1, .. Encoding.ASCII.GetBytes(ShareCode.Write(Cast.Offer))]);
        yield return ("offer", [0, .. Cast.Offer.ToByteArray()]);
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        var text = Encoding.Latin1.GetString(input[1..]);
        if (input[0] % 2 == 0)
        {
            try
            {
                text = ShareCode.Write(ShareOffer.Parser.ParseFrom(input[1..]));
            }
            catch (InvalidProtocolBufferException)
            {
                return 2;
            }
        }

        var taken = new TakenShares(new Counters(), static _ => { });
        var verdict = taken.Accept(text, Cast.Zone, Cast.Owner.Public, Cast.Wall, out var share);
        Require(verdict.Reason.Length > 0, "every verdict says why");
        if (!verdict.Done)
        {
            return Outcome(verdict.Reason.Length > 24 ? verdict.Reason[..24] : verdict.Reason);
        }

        Require(NtmName.IsZone(share!.Name) && share.Offer.Zone != Cast.Zone && share.Expires > Cast.Wall, "what is accepted can be asked for");
        Require(Acceptance.TryVerify(share.Acceptance, out var acceptance) && acceptance.OwnerKey.Span.SequenceEqual(Cast.Owner.Public), "the acceptance is our owner's");
        return 1;
    }
}
