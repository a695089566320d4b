using System.Buffers.Text;
using System.Text;
using Google.Protobuf;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Parsers;

/// <summary>Invite codes: as text, and (first byte even) as the message within, so that mutations get past the base64.</summary>
public sealed class InviteTarget : Target
{
    public override string Name => "invite";

    public override string Law => "InviteCode.TryRead: never throws; a code that is taken is signed by its owner key and can be bound";

    public override int LongestInput => 1024;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        var code = Cast.Owner.Invite(Cast.Zone, Role.Node, "carol", DateTimeOffset.UnixEpoch.AddYears(60), [Cast.CoordinatorServer()], Cast.Entropy("invite"));
        yield return ("text", [1, .. Encoding.ASCII.GetBytes(InviteCode.Write(code))]);
        yield return ("message", [0, .. code.ToByteArray()]);
        var open = Cast.Owner.Invite(Cast.Zone, Role.Relay, "", DateTimeOffset.UnixEpoch.AddYears(60), [Cast.CoordinatorServer(), Cast.CoordinatorServer()], Cast.Entropy("open"));
        yield return ("relay", [0, .. open.ToByteArray()]);
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        var text = input[0] % 2 == 1 ? Encoding.Latin1.GetString(input[1..]) : InviteCode.Prefix + Base64Url.EncodeToString(input[1..]);
        if (!InviteCode.TryRead(text, out var invite, out var grant, out var problem))
        {
            Require(problem.Length > 0, "a refusal says why");
            return Outcome(problem);
        }

        Require(invite.OwnerPublicKey.Span.SequenceEqual(Cast.Owner.Public), "only what the owner signed is taken");
        var key = new PublicKey(Cast.Carol.Key.Public.ToArray());
        var signed = InviteCode.Bind(invite, grant.Name.Length > 0 ? grant.Name : "some", key, DateTimeOffset.UnixEpoch.AddYears(50));
        BindingCheck.TryVouch(signed, invite.OwnerPublicKey.Span, grant.Zone, out _, out _);
        return 1;
    }
}
