namespace Ntm.Simulation;

/// <summary>The names of the kinds of network.</summary>
public static class NetworkKinds
{
    /// <summary>In the order in which the grid prints them.</summary>
    public static IReadOnlyList<NetworkKind> All { get; } = Enum.GetValues<NetworkKind>();

    /// <summary>Short enough for a column.</summary>
    public static string Name(this NetworkKind kind) => kind switch
    {
        NetworkKind.Public => "public",
        NetworkKind.EndpointIndependent => "endpoint-independent",
        NetworkKind.AddressRestricted => "address-restricted",
        NetworkKind.PortRestricted => "port-restricted",
        NetworkKind.Symmetric => "symmetric",
        NetworkKind.DoubleNat => "double NAT",
        NetworkKind.CarrierNat => "carrier NAT",
        NetworkKind.SymmetricCarrierNat => "symmetric carrier NAT",
        NetworkKind.SharedNatHairpin => "same NAT with hairpin",
        NetworkKind.SharedNat => "same NAT no hairpin",
        NetworkKind.SharedNatIsolated => "same NAT isolated",
        NetworkKind.IPv6Only => "IPv6 only",
        NetworkKind.IPv4Only => "IPv4 only",
        NetworkKind.DualStack => "dual stack",
        NetworkKind.DsLite => "DS-Lite",
        NetworkKind.MapE => "MAP-E",
        NetworkKind.DualStackSymmetric => "dual stack symmetric",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
