using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>One LAN machine, known by its MAC address, or by several that its owner merged. Kept by <see cref="DeviceTable"/>, which alone changes it.</summary>
internal sealed class Device(MacAddress mac)
{
    /// <summary>Its MAC addresses, 1 to <see cref="Limits.MacsPerDevice"/>; under the first it is kept.</summary>
    public List<MacAddress> Macs { get; } = [mac];

    public MacAddress Mac => Macs[0];

    public bool IsMerged => Macs.Count > 1;

    /// <summary>What it calls itself, as a label; null: nothing known.</summary>
    public string? Hint { get; set; }

    /// <summary>1..0x7fff for good; 0: it has not yet needed one.</summary>
    public ushort Number { get; set; }

    /// <summary>The published name; null: not published.</summary>
    public string? Name { get; set; }

    public bool IsPublished => Name is not null;

    /// <summary>What of it may be reached by others while it is published.</summary>
    public PortSet Ports { get; set; } = PortSet.All;

    /// <summary><see cref="Ports"/> while it is published, else null.</summary>
    public PortSet? Published => IsPublished ? Ports : null;

    /// <summary>Boot time; null: not since the start.</summary>
    public TimeSpan? LastSeen { get; set; }

    public LatestFirst IPv4 { get; } = new();

    public LatestFirst IPv6 { get; } = new();

    /// <summary>What the store says are its latest addresses.</summary>
    public (LanAddress IPv4, LanAddress IPv6) Kept { get; set; }

    /// <summary>Boot time of the last write of <see cref="Kept"/>.</summary>
    public TimeSpan? KeptAt { get; set; }

    public LatestFirst Of(LanAddress address) => address.IsIPv4 ? IPv4 : IPv6;

    /// <summary>
    /// The LAN address a flow of this face goes to: <paramref name="preferred"/> while it is still the device's, else the latest; where the device has none of
    /// the face's family, of the other.
    /// </summary>
    public LanAddress AddressFor(bool ipv6Face, LanAddress preferred)
    {
        if (!preferred.IsNone && Of(preferred).Contains(preferred))
        {
            return preferred;
        }

        var (own, other) = ipv6Face ? (IPv6, IPv4) : (IPv4, IPv6);
        return own.Count > 0 ? own.Latest : other.Latest;
    }
}
