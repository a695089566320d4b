using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node.Sharing;

/// <summary>Whose word counts for a peer that a direction is about.</summary>
/// <param name="Addressing">The zone its binding must be of.</param>
/// <param name="OwnerKey">The owner it must chain to.</param>
/// <param name="Access">What it may begin here.</param>
internal readonly record struct TrustedOwner(ZoneAddressing Addressing, ByteString OwnerKey, PeerAccess Access)
{
    public string Zone => Addressing.Zone;
}

/// <summary>Chooses by which owner a direction is to be believed (docs/protocol.md section 3); believing it is its caller's.</summary>
internal sealed class DirectionTrust(NodeContext context)
{
    /// <summary>Our own owner's in our zone; in another, the owner's who shares with us or with whom we share.</summary>
    public bool TryTrust(Now now, RouteDirection direction, out TrustedOwner trusted, [NotNullWhen(false)] out string? problem)
    {
        trusted = default;
        problem = null;
        var membership = context.Membership!;
        var zone = BindingCheck.ZoneOf(direction.Peer);
        if (zone is null || zone == membership.Zone)
        {
            trusted = new(membership.Addressing, ByteString.CopyFrom(membership.OwnerKey), PeerAccess.SameOwner);
            return true;
        }

        var (given, taken) = (context.Sharing.Given, context.Sharing.Taken);
        if (direction.Acceptance is not null)
        {
            if (!given.TryAccept(direction.Acceptance, context.Sharing.Time(now), out var acceptance, out problem))
            {
                return false;
            }

            trusted = new(new ZoneAddressing(acceptance.Zone), acceptance.OwnerKey, PeerAccess.OtherOwner(given, acceptance.Zone, acceptance.OwnerKey));
            if (direction.Number == 0 || trusted.Access.HasShareOf(direction.Number, context.Sharing.Time(now)))
            {
                return true;
            }

            context.Counters.Count("direction-not-shared");
            problem = "that is not shared with you";
            return false;
        }

        if (taken.OwnerOf(zone) is { } owner)
        {
            trusted = new(new ZoneAddressing(zone), owner, PeerAccess.OtherOwner(given, zone, owner));
            return true;
        }

        context.Counters.Count("direction-not-shared");
        problem = "it is about a node of another owner, with whom nothing is shared";
        return false;
    }
}
