namespace Ntm.Simulation;

/// <summary>The kinds of network that a home may be on, as the grid has them (docs/connectivity.md).</summary>
public enum NetworkKind
{
    /// <summary>IPv4 and IPv6 addresses of its own, and nothing in front of them.</summary>
    Public,

    /// <summary>An IPv4 NAT with one mapping for all destinations, which lets anybody in by it ("full cone").</summary>
    EndpointIndependent,

    /// <summary>One mapping for all destinations, which lets in the hosts that were sent to, from any of their ports.</summary>
    AddressRestricted,

    /// <summary>One mapping for all destinations, which lets in the addresses and ports that were sent to.</summary>
    PortRestricted,

    /// <summary>Another mapping, with a drawn port, for each destination, which lets in that destination alone.</summary>
    Symmetric,

    /// <summary>A port-restricted home NAT behind a port-restricted NAT of the carrier's.</summary>
    DoubleNat,

    /// <summary>An address of 100.64.0.0/10 behind a carrier's port-restricted NAT that forgets a mapping after 30 s.</summary>
    CarrierNat,

    /// <summary>The same behind a symmetric one.</summary>
    SymmetricCarrierNat,

    /// <summary>
    /// A port-restricted NAT in front of several homes, which are kept apart inside and reach one another by their outside addresses (RFC 4787 REQ-9). Two homes of this kind, and of
    /// the next two, are behind the same NAT.
    /// </summary>
    SharedNatHairpin,

    /// <summary>Inside, the homes reach one another; by their outside addresses they do not.</summary>
    SharedNat,

    /// <summary>Neither.</summary>
    SharedNatIsolated,

    /// <summary>An IPv6 address behind a stateful firewall (RFC 6092), no IPv4.</summary>
    IPv6Only,

    /// <summary>An IPv4 address of its own behind a stateful firewall, no IPv6.</summary>
    IPv4Only,

    /// <summary>A port-restricted NAT for IPv4 and a stateful firewall for IPv6.</summary>
    DualStack,

    /// <summary>IPv6 behind a stateful firewall; IPv4 by a carrier's port-restricted NAT that forgets a mapping after 30 s (RFC 6333).</summary>
    DsLite,

    /// <summary>A symmetric NAT with 240 ports of an IPv4 address that others share (RFC 7597); its IPv6 is left out, so that those ports are all there is.</summary>
    MapE,

    /// <summary>A symmetric NAT for IPv4 and a stateful firewall for IPv6, by which its tunnels with coordinator and relay run: IPv4 takes 1 ms longer.</summary>
    DualStackSymmetric,
}
