using Ntm.Box.Os;

namespace Ntm.Box.World;

/// <summary>A machine in a home's LAN that knows nothing of NTM and runs only the distribution's programs.</summary>
internal sealed record LanDevice(string Name, string Mac, NetworkNamespace Namespace, string Directory)
{
    /// <summary>The address its DHCP client got; empty before.</summary>
    public string Address { get; set; } = "";
}

/// <summary>
/// A home: devices in a LAN, the gateway under test, and a NAT between it and the internet. A node alone has no LAN: its gateway's place is the machine itself.
/// </summary>
internal sealed class Home(string name, int number, NatBehaviour wanted, NetworkNamespace gateway, NetworkNamespace nat, string directory)
{
    public string Name { get; } = name;

    /// <summary>Whose home it is: each owner has a zone.</summary>
    public required string Zone { get; init; }

    public int Number { get; } = number;

    /// <summary>What its NAT is meant to do; what it does is asked.</summary>
    public NatBehaviour Wanted { get; } = wanted;

    public NetworkNamespace Gateway { get; } = gateway;

    public NetworkNamespace Nat { get; } = nat;

    public string Directory { get; } = directory;

    public string PublicAddress => $"203.0.113.{100 + Number}";

    public string UplinkAddress => $"10.{Number}.0.2";

    public string GatewayDirectory => Path.Combine(Directory, "gateway");

    public string Socket => Path.Combine(GatewayDirectory, "gateway.sock");

    /// <summary>Written by the gateway, read by the home's dnsmasq: which names the gateway is asked for.</summary>
    public string DnsmasqServers => Path.Combine(GatewayDirectory, "dnsmasq.servers");

    public string DnsmasqPidFile => Path.Combine(Directory, "dnsmasq.pid");

    public List<LanDevice> Devices { get; } = [];

    public LanDevice Device(string device) => Devices.First(d => d.Name == device);
}
