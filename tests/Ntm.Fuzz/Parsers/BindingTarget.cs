using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Fuzz.Cores;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz.Parsers;

/// <summary>
/// Bindings. The first byte says what is signed anew after the mutation: grants as if the owner had signed anything, bindings as if the holder of the invite
/// had; so mutations get past the signatures.
/// </summary>
public sealed class BindingTarget : Target
{
    private static readonly byte[] s_oneTimeSeed = [.. Enumerable.Range(100, 32).Select(i => (byte)i)];

    public override string Name => "binding";

    public override string Law => "BindingCheck.TryVouch: never throws; what is vouched for has the zone, a label for a name, and both signatures";

    public override int LongestInput => 512;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("as-it-is", [0, .. Cast.Carol.Binding.ToByteArray()]), ("binding-signed", [1, .. Cast.Carol.Binding.ToByteArray()]),
        ("both-signed", [3, .. Cast.Carol.Binding.ToByteArray()]), ("relay", [3, .. Cast.Relay.Binding.ToByteArray()]),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        SignedBinding signed;
        try
        {
            signed = SignedBinding.Parser.ParseFrom(input[1..]);
            if ((input[0] & 2) != 0)
            {
                var grant = Grant.Parser.ParseFrom(signed.Grant);
                Span<byte> oneTime = stackalloc byte[Ed25519.Size];
                Ed25519.PublicKey(s_oneTimeSeed, oneTime);
                grant.OneTimePublicKey = (input[0] & 1) != 0 ? ByteString.CopyFrom(oneTime) : grant.OneTimePublicKey;
                signed.Grant = grant.ToByteString();
                signed.GrantSignature = Sign(Cast.Owner.Seed, "ntm grant 1\0"u8, signed.Grant);
            }

            if ((input[0] & 1) != 0)
            {
                signed.BindingSignature = Sign(s_oneTimeSeed, "ntm binding 1\0"u8, signed.Binding);
            }
        }
        catch (InvalidProtocolBufferException)
        {
            return 1;
        }

        if (!BindingCheck.TryVouch(signed, Cast.Owner.Public, Cast.Zone, out var vouched, out var problem))
        {
            return Outcome(problem);
        }

        Require(vouched.Zone == Cast.Zone && Ntm.Protocol.NtmName.IsLabel(vouched.Name), "a vouched binding is of the zone and has a name");
        return 2 + (int)vouched.Role;
    }

    private static ByteString Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> context, ByteString message)
    {
        Span<byte> signature = stackalloc byte[Ed25519.SignatureSize];
        Ed25519.Sign(seed, (byte[])[.. context, .. message.Span], signature);
        return ByteString.CopyFrom(signature);
    }
}
