using System.Net;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>What the node core is told at its making and never changes while it runs.</summary>
/// <param name="AliasNetwork">First address of the alias range, host order.</param>
/// <param name="AliasPrefixLength">Of the alias range, 8-30.</param>
/// <param name="OwnNetworks">LAN prefixes of this home: never candidates, never aliases.</param>
public sealed record NodeOptions(uint AliasNetwork, int AliasPrefixLength, IReadOnlyList<IPNetwork> OwnNetworks)
{
    /// <summary>The cipher suites offered to other nodes besides ChaCha20-Poly1305.</summary>
    public CipherSuites Suites { get; init; }

    /// <summary>Whose AES-256-GCM seals, where that is the suite.</summary>
    public AesGcmSource Aes { get; init; }

    /// <summary>How many threads may seal and open at once; as many as the pump has lanes.</summary>
    public int Lanes { get; init; } = 1;

    public static NodeOptions Default { get; } = new(Limits.AliasNetwork, Limits.AliasPrefixLength, []);
}

/// <summary>An uplink as it is now.</summary>
/// <param name="Number">Its number in <see cref="WirePath.Uplink"/>.</param>
/// <param name="Name">The owner's name for it.</param>
/// <param name="Usable">Whether it has an address and a route.</param>
/// <param name="Reason">Why it is or is not usable, for the owner.</param>
/// <param name="Addresses">Its own addresses, with the port of its socket.</param>
public sealed record UplinkState(int Number, string Name, bool Usable, string Reason, IReadOnlyList<RealAddress> Addresses)
{
    /// <summary>Its default gateways, at most one of each IP family, port 0.</summary>
    public IReadOnlyList<RealAddress> Gateways { get; init; } = [];

    /// <summary>0: the one to be used first, as far as it is known to work; by the owner's order. Equal ones are as good as each other.</summary>
    public int Rank { get; init; }

    /// <summary>Whether the owner pays for what goes there.</summary>
    public bool Metered { get; init; }

    /// <summary>Whether the owner lets them be asked to open a port.</summary>
    public bool MapsPorts { get; init; } = true;

    /// <summary>The prefix of its network's NAT64; null: there is none, or it is not known.</summary>
    public Nat64Prefix? Nat64 { get; init; }

    /// <summary>Whether IPv4 addresses are reached by it only through its network's NAT64.</summary>
    public bool NeedsNat64 => Nat64 is not null && Has(ipv4: false) && !Has(ipv4: true);

    /// <summary>Where datagrams for an address go on this uplink: the address itself, or what stands for it behind the NAT64.</summary>
    /// <returns>None: it cannot be reached there.</returns>
    public RealAddress Reach(RealAddress address) =>
        Has(address.IsIPv4) ? address : address.IsIPv4 && NeedsNat64 ? Nat64!.Value.Embed(address) : default;

    private bool Has(bool ipv4)
    {
        foreach (var address in Addresses)
        {
            if (address.IsIPv4 == ipv4)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>An entry of the kernel's neighbour table on the LAN.</summary>
public readonly record struct Neighbour(IPAddress Address, MacAddress Mac);

/// <summary>A DHCP lease of the LAN.</summary>
/// <param name="Hint">What the device calls itself, as a label; null: nothing, or nothing that could be one.</param>
public readonly record struct Lease(IPAddress Address, MacAddress Mac, string? Hint);

/// <summary>A judgement on an owner's wish: done or not, and why as a sentence.</summary>
public readonly record struct Verdict(bool Done, string Reason);
