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

/// <summary>Where a direction comes from.</summary>
internal enum DirectionSource
{
    /// <summary>The answer to our own question for a name.</summary>
    Asked,

    /// <summary>The coordinator's word that another node asks for us.</summary>
    Named,

    /// <summary>The store; it was believed before.</summary>
    Kept,
}

/// <summary>Chooses by which owner a direction is to be believed (docs/protocol.md section 3); believing it is its caller's.</summary>
internal sealed class DirectionTrust(NodeContext context)
{
    /// <summary>
    /// Our own owner's in our zone. In another: where we asked, the owner's whom a share that we accepted pins, whatever else the direction carries; where we are asked for, the owner's
    /// who accepted a share of ours. So nobody gets into a shared node's place by accepting a share of ours in the name of its zone.
    /// </summary>
    public bool TryTrust(Now now, RouteDirection direction, DirectionSource source, out TrustedOwner trusted, [NotNullWhen(false)] out string? problem)
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
        if (source != DirectionSource.Asked && direction.Acceptance is not null && TryGiven(now, direction, zone, out trusted, out problem))
        {
            return true;
        }

        // The share by which the peer was directed last has ended, and another has not.
        if (source == DirectionSource.Kept && given.Lasting(zone, context.Sharing.Time(now)) is { OwnerKey: { } lasting })
        {
            trusted = new(new ZoneAddressing(zone), lasting, PeerAccess.OtherOwner(given, zone, lasting));
            return true;
        }

        if (source != DirectionSource.Named && taken.OwnerOf(zone) is { } owner)
        {
            trusted = new(new ZoneAddressing(zone), owner, PeerAccess.OtherOwner(given, zone, owner));
            return true;
        }

        if (problem is not null)
        {
            return false;
        }

        context.Counters.Count("direction-not-shared");
        problem = "it is about a node of another owner, with whom nothing is shared";
        return false;
    }

    private bool TryGiven(Now now, RouteDirection direction, string zone, out TrustedOwner trusted, [NotNullWhen(false)] out string? problem)
    {
        trusted = default;
        var (given, at) = (context.Sharing.Given, context.Sharing.Time(now));
        if (!Acceptance.TryVerify(direction.Acceptance, out var said) || said.Zone != zone)
        {
            context.Counters.Count("share-unknown");
            problem = GivenShares.Nothing;
            return false;
        }

        // A zone has one owner here, so that none cuts, removes or stands in for another's nodes by naming the other's zone as its own.
        if ((context.Sharing.Taken.OwnerOf(zone) is { } pinned && pinned != said.OwnerKey) || given.OfAnother(zone, said.OwnerKey, at) is not null)
        {
            context.Counters.Count("share-of-another-owner");
            problem = $"another owner key is known here for {zone}";
            return false;
        }

        if (!given.TryAccept(direction.Acceptance, at, out var acceptance, out problem))
        {
            return false;
        }

        trusted = new(new ZoneAddressing(acceptance.Zone), acceptance.OwnerKey, PeerAccess.OtherOwner(given, acceptance.Zone, acceptance.OwnerKey));
        if (direction.Number == 0 || trusted.Access.HasShareOf(direction.Number, at))
        {
            return true;
        }

        context.Counters.Count("direction-not-shared");
        problem = "that is not shared with you";
        return false;
    }
}
