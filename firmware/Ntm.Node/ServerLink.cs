using Ntm.Node.Handovers;
using Ntm.Protocol;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>The tunnel with a coordinator or relay of ours, and whether we are registered there.</summary>
/// <param name="zone">The zone it serves: another's for a relay by which a node of that zone is reached.</param>
internal sealed class ServerLink(string name, Tunnel.Tunnel tunnel, ZoneAddressing zone, IReadOnlyList<RealAddress> endpoints, bool isRelay)
{
    public string Name { get; } = name;

    public Tunnel.Tunnel Tunnel { get; } = tunnel;

    public IReadOnlyList<RealAddress> Endpoints { get; set; } = endpoints;

    public bool IsRelay { get; } = isRelay;

    public string Zone { get; } = zone.Zone;

    /// <summary>Its VIP, number 0.</summary>
    public VirtualAddress Vip { get; } = zone.Node(tunnel.Peer);

    /// <summary>As a peer's.</summary>
    public OpenHandover? OpenHandover { get; set; }

    public bool Registered { get; set; }

    /// <summary>Where it answers checks besides; 0: nowhere.</summary>
    public ushort SecondPort { get; set; }

    public string Reason { get; set; } = "not asked yet";

    /// <summary>When to register (again); max while a request is under way.</summary>
    public TimeSpan NextAt { get; set; } = TimeSpan.Zero;

    /// <summary>When we registered last.</summary>
    public TimeSpan AskedAt { get; set; } = TimeSpan.MinValue / 2;

    /// <summary>From when it is heard again when it says that it sees us elsewhere.</summary>
    public TimeSpan HearMovesFrom { get; set; } = TimeSpan.MinValue;

    public int Failures { get; set; }

    /// <summary>Where it saw us, and on which uplink that was.</summary>
    public List<(int Uplink, RealAddress Address)> Observed { get; } = [];

    /// <summary>Takes what it saw; true where that is news.</summary>
    public bool Observe(int uplink, RealAddress address)
    {
        if (Observed.Contains((uplink, address)))
        {
            return false;
        }

        Observed.RemoveAll(o => o.Uplink == uplink && o.Address.IsIPv4 == address.IsIPv4);
        Observed.Add((uplink, address));
        return true;
    }
}
