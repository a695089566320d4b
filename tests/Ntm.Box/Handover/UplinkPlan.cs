namespace Ntm.Box.Handover;

/// <summary>An uplink that a home is to have: behind it stands a port-restricted NAT for IPv4, a stateful firewall for IPv6.</summary>
/// <param name="Name">As the owner calls it.</param>
internal sealed record UplinkPlan(string Name)
{
    public bool HasIPv4 { get; init; } = true;

    public bool HasIPv6 { get; init; }
}
