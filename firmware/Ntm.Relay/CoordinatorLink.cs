using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>The tunnel with one coordinator, and whether it knows us at present.</summary>
internal sealed class CoordinatorLink(Tunnel.Tunnel tunnel)
{
    public Tunnel.Tunnel Tunnel { get; } = tunnel;

    public PublicKey Key => Tunnel.Peer;

    public bool Announced { get; set; }

    public string Reason { get; set; } = "not asked yet";

    /// <summary>When to announce (again); max while an announcement is under way.</summary>
    public TimeSpan NextAt { get; set; } = TimeSpan.Zero;

    public int Failures { get; set; }
}
