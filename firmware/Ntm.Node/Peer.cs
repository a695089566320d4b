using Ntm.Node.Handovers;
using Ntm.Node.Paths;
using Ntm.Node.Paths.Hard;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>Another node: who it is, its tunnel, its paths. Made by a direction, kept in the store as that direction.</summary>
/// <param name="binding">Who it is.</param>
/// <param name="vip">Its VIP, number 0.</param>
/// <param name="name">How people call it: its label in our own zone, its full name in another.</param>
/// <param name="access">What it may begin here.</param>
/// <param name="owners">What all nodes of its owner together may make us send; null: the owner is ours.</param>
public sealed class Peer(VouchedBinding binding, VirtualAddress vip, string name, PeerAccess access, Tunnel.Tunnel tunnel, Purse? owners)
{
    private const int MostPaths = Limits.Candidates + Limits.RelaysPerNode + 4;

    /// <summary>The last one it was directed with: a key may renew its binding, under the same name.</summary>
    public VouchedBinding Binding { get; set; } = binding;

    public string Name { get; } = name;

    public string FullName => $"{Binding.Name}.{Binding.Zone}";

    /// <summary>By its owner of the last direction: another zone's owner may have another key one day.</summary>
    public PeerAccess Access { get; set; } = access;

    /// <summary>Whether it belongs to another zone's owner.</summary>
    public bool IsOthers => Access != PeerAccess.SameOwner;

    /// <summary>Number 0.</summary>
    public VirtualAddress Vip { get; } = vip;

    public Tunnel.Tunnel Tunnel { get; } = tunnel;

    /// <summary>The last direction: candidates and legs are taken from it again when uplinks change.</summary>
    public RouteDirection Direction { get; set; } = new();

    public TimeSpan DirectedAt { get; set; }

    /// <summary>When it was last asked for again because a handshake showed that the two ends were told different things; null: never.</summary>
    public TimeSpan? DoubtedAt { get; set; }

    /// <summary>From when a new direction is asked for while there is traffic: the relay channels of this one end with their lease.</summary>
    public TimeSpan RenewAt { get; set; } = TimeSpan.MaxValue;

    public List<PeerPath> Paths { get; } = [];

    /// <summary>What it may make us send to unproven addresses.</summary>
    public Purse Purse { get; } = new(Limits.UnprovenDatagramsPerPeer, owners);

    /// <summary>The path in use; null until a tunnel stands.</summary>
    public PeerPath? Used { get; set; }

    /// <summary>The path that carries a second copy: while <see cref="Used"/> is suspect, and of a planned change the former one for a moment.</summary>
    public PeerPath? Double { get; set; }

    /// <summary>What carries a second copy after a change: of a planned one the path before, else another that was proven.</summary>
    public PeerPath? Former { get; set; }

    /// <summary>Until when <see cref="Former"/> carries a second copy, boot time.</summary>
    public TimeSpan OverlapUntil { get; set; }

    /// <summary>Whether the path before was lost: what went there lately may be, too.</summary>
    public bool IsPathLost { get; set; }

    /// <summary>Whether it ever reported what came in: from then on the lack of reports means something.</summary>
    public bool HasReported { get; set; }

    /// <summary>Packets that went on two paths at once.</summary>
    public long Doubled { get; set; }

    /// <summary>Its latest word on the path it uses.</summary>
    public ulong HeardUseGeneration { get; set; }

    /// <summary>Boot time before which its word on the path it uses is passed over.</summary>
    public TimeSpan UseHeardFrom { get; set; }

    /// <summary>What the path in use was found to carry, bytes of an inner packet; <see cref="Limits.MtuInside"/> until that is known. Devices are told.</summary>
    public int MtuFound { get; set; } = Limits.MtuInside;

    /// <summary>The flight recorder's record of a handover under way; null: there is none.</summary>
    internal OpenHandover? OpenHandover { get; set; }

    public string Reason { get; set; } = "no tunnel has been needed yet";

    public ulong HeardCandidateGeneration { get; set; }

    /// <summary>Its latest word on its candidates, where it came too soon after the one before; null: there is none.</summary>
    public CandidateUpdate? Waiting { get; set; }

    /// <summary>Boot time before which its word on its candidates waits.</summary>
    public TimeSpan UpdateAt { get; set; }

    /// <summary>Data (not signalling) last went out or came in.</summary>
    public TimeSpan? LastTraffic { get; set; }

    /// <summary>When its use was last kept, boot time; null: not in this run.</summary>
    public TimeSpan? UseKept { get; set; }

    /// <summary>The first data sent since something was last heard; null: none.</summary>
    public TimeSpan? UnheardSince { get; set; }

    /// <summary>Outstanding checks by id.</summary>
    public Dictionary<ulong, (PeerPath Path, TimeSpan SentAt)> Checks { get; } = [];

    /// <summary>Where the coordinator and a relay saw it, by the last direction of this run.</summary>
    public SeenHosts Seen { get; set; } = SeenHosts.None;

    /// <summary>Trials towards hard NATs.</summary>
    public ProbeHistory Probing { get; } = new();

    /// <summary>What it is owed as reports on its data.</summary>
    public ReportDuty Reports { get; } = new();

    public TimeSpan NextTick { get; set; } = TimeSpan.MaxValue;

    public string? RelayOnly => Direction.Verdict == RouteVerdict.RouteRelayOnly ? Direction.Reason : null;

    public PeerPath? Find(WirePath path)
    {
        if (Used is { } used && used.Path == path)
        {
            return used;
        }

        foreach (var known in Paths)
        {
            if (known.Path == path)
            {
                return known;
            }
        }

        return null;
    }

    /// <summary>Adds a path; where there are too many, an unproven one that is not in use gives way.</summary>
    /// <returns>Null where none can give way.</returns>
    public PeerPath? Add(WirePath path, PathKind kind)
    {
        if (Find(path) is { } known)
        {
            return known;
        }

        if (Paths.Count >= MostPaths)
        {
            var gone = Paths.FindIndex(p => p.State is PathState.Unproven or PathState.Failed && p != Used && p.Kind != PathKind.Relay);
            if (gone < 0)
            {
                return null;
            }

            Paths.RemoveAt(gone);
        }

        var added = new PeerPath(path, kind);
        Paths.Add(added);
        return added;
    }
}
