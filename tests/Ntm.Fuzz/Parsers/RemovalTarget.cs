using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Parsers;

/// <summary>Removals. The first byte says whether the owner signs the mutation, so that it gets past the signature.</summary>
public sealed class RemovalTarget : Target
{
    public override string Name => "removal";

    public override string Law => "Removals.TryTake: never throws; what is taken is of the zone, has a label for a name, is signed by the owner, and covers what it names";

    public override int LongestInput => 512;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
        [("as-it-is", [0, .. Cast.Removal(Cast.Bob).ToByteArray()]), ("signed", [1, .. Cast.Removal(Cast.Carol).ToByteArray()])];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        SignedRemoval signed;
        try
        {
            signed = SignedRemoval.Parser.ParseFrom(input[1..]);
        }
        catch (InvalidProtocolBufferException)
        {
            return 1;
        }

        if ((input[0] & 1) != 0)
        {
            Span<byte> signature = stackalloc byte[Ed25519.SignatureSize];
            Ed25519.Sign(Cast.Owner.Seed, (byte[])[.. "ntm removal 1\0"u8, .. signed.Removal.Span], signature);
            signed.Signature = ByteString.CopyFrom(signature);
        }

        var kept = new List<StoreWrite>();
        var removals = new Removals(new Counters(), kept.Add);
        if (!removals.TryTake(signed, Cast.Owner.Public, Cast.Zone, out var removal, out var problem))
        {
            Require(kept.Count == 0 && removals.All.Count == 0, "what is refused is not kept");
            return Outcome(problem);
        }

        Require(removal!.Zone == Cast.Zone && NtmName.IsLabel(removal.Name) && kept.Count == 1, "a removal that is taken is of the zone, has a name and is kept");
        Require(!removals.TryTake(signed, Cast.Owner.Public, Cast.Zone, out _, out _), "a removal is taken once");
        var again = new Removals(new Counters(), static _ => { });
        again.Load(kept, Cast.Owner.Public, Cast.Zone);
        Require(again.Of(removal.Key) is not null, "what is kept is read again");
        return 2;
    }
}
