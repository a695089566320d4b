using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>A node or relay whose key and name are bound to the zone, and what is known of it at present. The owner of its tunnel.</summary>
internal sealed class Member(VouchedBinding binding, VirtualAddress vip)
{
    public VouchedBinding Binding { get; set; } = binding;

    public VirtualAddress Vip { get; } = vip;

    public string Name => Binding.Name;

    public PublicKey Key => Binding.Key;

    public Role Role => Binding.Role;

    /// <summary>Null while there is none.</summary>
    public Tunnel.Tunnel? Tunnel { get; set; }

    /// <summary>Where it was last heard from; after a restart the one that was kept. None: not yet.</summary>
    public WirePath Path { get; set; }

    /// <summary>Whether that is newer than what is kept.</summary>
    public bool IsPathUnkept { get; set; }

    /// <summary>A node's, while it lasts.</summary>
    public NodeRegistration? Registration { get; set; }

    /// <summary>The same while nothing is heard of the node: its next word brings it back.</summary>
    public NodeRegistration? Away { get; set; }

    /// <summary>A node's published devices: name -> number. Kept, so that names resolve while the node is away.</summary>
    public IReadOnlyDictionary<string, ushort> Devices { get; set; } = new SortedDictionary<string, ushort>(StringComparer.Ordinal);

    /// <summary>A node's directions: each makes work for another node.</summary>
    public Allowance Directions { get; } = new(Bounds.DirectionsPerSecond, Bounds.DirectionBurst);

    /// <summary>A relay's, while it lasts.</summary>
    public RelayPresence? Presence { get; set; }

    /// <summary>How many removals it has acknowledged in this run, in their order.</summary>
    public int RemovalsTold { get; set; }

    /// <summary>A removal notice is under way to it.</summary>
    public bool IsBeingTold { get; set; }

    /// <summary>Boot time before which it is not told again.</summary>
    public TimeSpan TellAt { get; set; }

    /// <summary>A relay's leases and pairs.</summary>
    public ChannelBook? Channels { get; set; }
}

/// <summary>A node's registration.</summary>
internal sealed class NodeRegistration
{
    /// <summary>Higher replaces lower.</summary>
    public ulong Generation { get; set; }

    /// <summary>A new handshake came since: the node may have restarted and count from anywhere.</summary>
    public bool AnyGeneration { get; set; }

    /// <summary>Boot time at which it ends where the node does not register again.</summary>
    public TimeSpan RenewBy { get; set; }

    /// <summary>Boot time from which the node counts as away, unless something is heard of it before.</summary>
    public TimeSpan Until { get; set; }

    /// <summary>The node is never silent longer, by its own word; null: it said nothing of that, and registers again instead.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>Where the last request came from.</summary>
    public RealAddress Observed { get; set; }

    public IReadOnlyList<NodeCandidate> Candidates { get; set; } = [];

    /// <summary>Besides ChaCha20-Poly1305.</summary>
    public CipherSuites Suites { get; set; }

    /// <summary>What its uplinks' NATs do, by its own word.</summary>
    public IReadOnlyList<NatTraits> Nats { get; set; } = [];

    /// <summary>Its shares' doors (<see cref="Doorkeeper"/>), at most <see cref="Limits.Doors"/>.</summary>
    public HashSet<Google.Protobuf.ByteString> Doors { get; set; } = [];

    /// <summary>Higher replaces lower.</summary>
    public ulong DoorsGeneration { get; set; }

    /// <summary>Boot time from which it is told again that it is seen at another address.</summary>
    public TimeSpan TellMovedFrom { get; set; }

    /// <summary>It can send to IPv4 addresses, through a NAT64.</summary>
    public bool HasNat64 { get; set; }

    /// <summary>Relays the node was told of: those it has.</summary>
    public IReadOnlyList<Member> Relays { get; set; } = [];
}

/// <summary>That a relay is there.</summary>
/// <param name="Until">Boot time at which that ends.</param>
/// <param name="Legs">Bound at present: its load.</param>
/// <param name="IsBelieved">It was there before a restart and has not said so since.</param>
internal sealed record RelayPresence(TimeSpan Until, RealAddress Observed, IReadOnlyList<RealAddress> Endpoints, uint Legs, bool IsBelieved = false);
