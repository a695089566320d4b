using System.Globalization;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>
/// Who is out: other nodes and relays that the owner removed, and this node itself, which leaves by the owner's wish here or by the zone owner's removal.
/// Leaving takes away membership, peers, pins, names and removals; node key, devices' numbers, aliases and published names stay.
/// </summary>
internal sealed class Leaving(NodeContext context, Registration registration, Peers peers, Directions directions)
{
    private const string Collection = "own-removal";
    private const string Key = "last";

    private VouchedRemoval? _own; // believed, and not carried out yet

    /// <summary>Told when the node is a member no longer.</summary>
    public required Action<Now> OnLeft { get; init; }

    /// <summary>What an owner reads of it.</summary>
    public static string Sentence(VouchedRemoval removal) => string.Create(
        CultureInfo.InvariantCulture,
        $"The owner of {removal.Zone} took this gateway, '{removal.Name}' there, out of the zone at {Date(removal.MadeAt):yyyy-MM-dd HH:mm} UTC. It can join again with a new invite code.");

    /// <summary>From the store: what became of the last membership.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: Collection, Key: Key, Value: not null }))
        {
            if (Wire.TryParse(SignedRemoval.Parser, entry.Value, out var signed) && VouchedRemoval.TryRead(signed, out var removal))
            {
                context.OwnRemoval = removal;
            }
            else
            {
                context.Counters.Count("removal-entry-unreadable");
            }
        }
    }

    /// <summary>A coordinator brings removals; each counts by the owner's signature alone.</summary>
    public Signal OnNotice(Now now, RemovalNotice notice)
    {
        var membership = context.Membership!;
        foreach (var signed in notice.Removals.Take(Limits.RemovalsPerNotice))
        {
            if (VouchedRemoval.TryRead(signed, out var read) && read.Zone != membership.Zone)
            {
                ObeyOther(now, read);
            }
            else if (context.Removals.TryTake(signed, membership.OwnerKey, membership.Zone, out var removal, out _))
            {
                Obey(now, membership, removal!);
            }
        }

        return new Signal { Acknowledgement = new() };
    }

    /// <summary>A coordinator or relay refused us with what it says is the owner's word.</summary>
    public void OnRefused(SignedRemoval signed)
    {
        if (context.Membership is { } membership && VouchedRemoval.TryVouch(signed, membership.OwnerKey, membership.Zone, out var removal, out _)
            && removal.Covers(membership.Binding))
        {
            _own = removal;
        }
        else
        {
            context.Counters.Count("removal-not-vouched");
        }
    }

    /// <summary>Leaves, where the owner removed this node: after the call that brought it, which may still want to answer.</summary>
    public void CarryOut(Now now)
    {
        if (_own is not { } removal)
        {
            return;
        }

        _own = null;
        context.OwnRemoval = removal;
        context.Keep(Collection, Key, removal.Signed.ToByteArray());
        context.Warn(Sentence(removal));
        Leave(now, "this gateway was taken out of the zone");
    }

    /// <summary>In a zone again.</summary>
    public void Forgive()
    {
        if (context.OwnRemoval is not null)
        {
            context.OwnRemoval = null;
            context.Keep(Collection, Key, null);
        }
    }

    /// <summary>Leaves the zone, with all that is of it.</summary>
    /// <param name="why">For those who wait for a name.</param>
    public void Leave(Now now, string why)
    {
        var membership = context.Membership!;
        directions.Stop(why);
        foreach (var peer in peers.All.ToArray())
        {
            peers.Remove(now, peer, why);
        }

        peers.UnpinAll();
        registration.Stop(now);
        foreach (var write in membership.ToStore())
        {
            context.Keep(write.Collection, write.Key, null);
        }

        context.Removals.Clear();
        context.OtherRemovals.Clear();
        context.Membership = null;
        context.Signals = null;
        context.Own = default;
        context.Events.Enqueue(new NodeEvent.Left());
        OnLeft(now);
    }

    /// <summary>Another zone's: it counts by the signature of an owner with whom something is shared.</summary>
    private void ObeyOther(Now now, VouchedRemoval removal)
    {
        var owners = context.Sharing.OwnersOf(removal.Zone);
        if (owners.Count == 0)
        {
            context.Counters.Count("removal-not-vouched"); // nobody of that zone has a word here
        }

        foreach (var owner in owners)
        {
            if (context.OtherRemovals.TryTake(removal.Signed, owner.Span, removal.Zone, out _, out _) && peers.Find(removal.Key) is { } peer && removal.Covers(peer.Binding))
            {
                peers.Remove(now, peer, $"the owner of {removal.Zone} took it out of that zone");
            }
        }
    }

    private void Obey(Now now, Membership membership, VouchedRemoval removal)
    {
        if (removal.Covers(membership.Binding))
        {
            _own = removal;
            return;
        }

        registration.RemoveRelay(now, removal.Key);
        if (peers.Find(removal.Key) is not { } peer)
        {
            peers.Unpin(removal.Key);
        }
        else if (removal.Covers(peer.Binding))
        {
            context.Warn($"The owner took '{removal.Name}' out of the zone: its tunnel is cut.");
            peers.Remove(now, peer, "the owner took it out of the zone");
        }
    }

    private static DateTimeOffset Date(long seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds()));
}
