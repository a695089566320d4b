using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Relay;

/// <summary>That this relay serves a zone: its binding, the owner key it pins, the coordinators it listens to.</summary>
/// <param name="OwnerKey">Ed25519, 32 bytes.</param>
/// <param name="Binding">This relay's own.</param>
/// <param name="Coordinators">At least one; their keys are pinned by the invite.</param>
internal sealed record RelayMembership(byte[] OwnerKey, VouchedBinding Binding, IReadOnlyList<Server> Coordinators)
{
    private const string Collection = "membership";
    private const string InviteKey = "invite";
    private const string BindingKey = "binding";

    public ZoneAddressing Addressing { get; } = new(Binding.Zone);

    public string Zone => Binding.Zone;

    public string Name => Binding.Name;

    /// <summary>The invite without its secret, and the binding made with it.</summary>
    public IEnumerable<StoreWrite> ToStore()
    {
        var invite = new Invite { Grant = Binding.Signed.Grant, GrantSignature = Binding.Signed.GrantSignature, OwnerPublicKey = ByteString.CopyFrom(OwnerKey) };
        invite.Coordinators.AddRange(Coordinators);
        yield return new StoreWrite(Collection, InviteKey, invite.ToByteArray());
        yield return new StoreWrite(Collection, BindingKey, Binding.Signed.ToByteArray());
    }

    /// <param name="memory">All entries kept.</param>
    /// <param name="key">The relay's key: a membership made with another does not count.</param>
    /// <param name="membership">The membership.</param>
    /// <param name="problem">Where something is kept and no good: what; else null.</param>
    public static bool TryLoad(IEnumerable<StoreWrite> memory, PublicKey key, [NotNullWhen(true)] out RelayMembership? membership, out string? problem)
    {
        membership = null;
        problem = null;
        Invite? invite = null;
        SignedBinding? signed = null;
        try
        {
            foreach (var entry in memory.Where(e => e.Collection == Collection && e.Value is not null))
            {
                if (entry.Key == InviteKey)
                {
                    invite = Invite.Parser.ParseFrom(entry.Value);
                }
                else if (entry.Key == BindingKey)
                {
                    signed = SignedBinding.Parser.ParseFrom(entry.Value);
                }
            }

            if (invite is null || signed is null)
            {
                return false;
            }

            var zone = Protocol.Signalling.Binding.Parser.ParseFrom(signed.Binding).Zone;
            if (!BindingCheck.TryVouch(signed, invite.OwnerPublicKey.Span, zone, out var vouched, out var why))
            {
                problem = $"The kept membership is no good: {why}. Join again with a new invite.";
            }
            else if (vouched.Key != key || vouched.Role != Role.Relay)
            {
                problem = "The kept membership was made with another key than the one in the data directory, or for another role. Join again with a new invite.";
            }
            else
            {
                membership = new RelayMembership(invite.OwnerPublicKey.ToByteArray(), vouched, [.. invite.Coordinators]);
            }
        }
        catch (InvalidProtocolBufferException)
        {
            problem = "The kept membership does not parse. Join again with a new invite, or restore the data directory.";
        }

        return membership is not null;
    }
}
