using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Simulation;
using NatBehaviour = Ntm.Box.World.NatBehaviour;

namespace Ntm.Box.Grid;

/// <summary>A home of the real grid: a gateway on a network of its kind, and one device with a fixed address.</summary>
/// <param name="Name">For people and for names, as a label.</param>
/// <param name="Kind">Its network.</param>
/// <param name="Number">Its place among the homes, from 1 on.</param>
/// <param name="Site">What it shares with other homes, its NAT: homes of one site are not measured at the same time.</param>
/// <param name="Gateway">Where the gateway runs.</param>
/// <param name="Device">Where its device is.</param>
/// <param name="Directory">For its files.</param>
internal sealed record GridHome(string Name, NetworkKind Kind, int Number, string Site, NetworkNamespace Gateway, NetworkNamespace Device, string Directory)
{
    public const string DeviceAddress = "192.168.1.20";
    public const string GatewayAddress = "192.168.1.1";

    /// <summary>Its uplink's own addresses.</summary>
    public required IReadOnlyList<string> Own { get; init; }

    /// <summary>The addresses by which others see it.</summary>
    public required IReadOnlyList<string> Outside { get; init; }

    /// <summary>What an independent client is to find, on IPv4 and on IPv6; null: no such family.</summary>
    public required (NatBehaviour? IPv4, NatBehaviour? IPv6) Wanted { get; init; }

    public string Mac => $"02:00:5e:00:{Number:x2}:01";

    public string GatewayDirectory => Path.Combine(Directory, "gateway");

    public string Socket => Path.Combine(GatewayDirectory, "gateway.sock");
}
