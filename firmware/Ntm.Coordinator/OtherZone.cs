using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>Another zone: its coordinators as its NTM record names them, and what waits for that record.</summary>
internal sealed class OtherZone(string name)
{
    public string Name { get; } = name;

    public ZoneAddressing Addressing { get; } = new(name);

    public IReadOnlyList<ZoneLink> Links { get; set; } = [];

    /// <summary>Boot time until which <see cref="Links"/> or <see cref="Problem"/> holds; null: never looked up.</summary>
    public TimeSpan? Until { get; set; }

    /// <summary>When it was last looked up, boot time.</summary>
    public TimeSpan LookedUpAt { get; set; }

    /// <summary>A look-up is under way.</summary>
    public bool LookingUp { get; set; }

    /// <summary>Why there are no coordinators, as a clause; null where there are.</summary>
    public string? Problem { get; set; }

    /// <summary>What is done once the record is there, at most <see cref="Bounds.WaitingPerZone"/>.</summary>
    public List<Action<Now>> Waiting { get; } = [];

    public TimeSpan UsedAt { get; set; }

    /// <summary>When its record was last found, boot time; null: never.</summary>
    public TimeSpan? FoundAt { get; set; }

    /// <summary>When a node of ours and one of its were last directed to one another, boot time; null: never.</summary>
    public TimeSpan? MetAt { get; set; }

    /// <summary>Whether a member of ours asked for it, or one of its coordinators was heard; else strangers alone have named it.</summary>
    public bool IsWanted { get; set; }

    /// <summary>What it may ask for, of its own once a node of ours has taken a direction that it asked for; null until then, and it shares one with all such zones.</summary>
    public Allowance? Own { get; set; }
}

/// <summary>The tunnel with a coordinator of another zone; the owner of it.</summary>
internal sealed class ZoneLink(OtherZone zone, NtmRecordCoordinator coordinator)
{
    public OtherZone Zone { get; } = zone;

    public PublicKey Key { get; } = coordinator.Key;

    public IReadOnlyList<RealAddress> Endpoints { get; set; } = coordinator.Endpoints;

    /// <summary>
    /// The key's holder has spoken for this zone itself. Until then the zone's record alone says so, and anybody's record may name anybody's key.
    /// </summary>
    public bool IsProven { get; set; }

    /// <summary>Its VIP, number 0.</summary>
    public VirtualAddress Vip { get; } = zone.Addressing.Node(coordinator.Key);

    /// <summary>Null while there is none.</summary>
    public Tunnel.Tunnel? Tunnel { get; set; }
}
