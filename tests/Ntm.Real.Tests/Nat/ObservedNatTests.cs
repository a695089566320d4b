using Ntm.Box.World;
using Ntm.Interface;

namespace Ntm.Real.Tests.Nat;

/// <summary>What the programs say of NATs of nftables is what an independent RFC 5780 client (coturn's) finds from the same place.</summary>
public sealed class ObservedNatTests
{
    /// <summary>What most home routers do: Linux keeps the port while it can, and lets in the very address and port spoken to.</summary>
    private const string Masquerade =
        """
        table ip nat {
          chain leaving {
            type nat hook postrouting priority srcnat
            oifname "pub0" masquerade
          }
          chain unasked {
            type filter hook input priority filter
            iifname "pub0" icmp type echo-request accept
            iifname "pub0" drop
          }
        }
        """;

    [NeedsRootFact("turnserver", "turnutils_natdiscovery", "nft")]
    public async Task What_the_gateway_says_is_what_an_independent_client_finds()
    {
        using var town = new NatTown();
        await town.ServeAsync();
        NatHome[] homes =
        [
            await town.AddAsync("openenough", 1, NatRules.For(NatBehaviour.OpenEnough)), await town.AddAsync("symmetric", 2, NatRules.For(NatBehaviour.Symmetric)),
            await town.AddAsync("masquerade", 3, Masquerade), await town.AddAsync("public", 4, null),
        ];
        var looks = homes.Select(async home => (Home: home, Seen: await home.SeenAsync(), Asked: await home.AskedAsync())).ToArray();
        foreach (var (home, seen, asked) in await Task.WhenAll(looks))
        {
            // The client's socket is bound to no address, so that it cannot know its own: no NAT and a good one look the same to it.
            var mapping = MappingOf(seen) == Mapping.None ? Mapping.EndpointIndependent : MappingOf(seen);
            Assert.True(asked.Behaviour.Mapping == mapping, $"{home.Name}: we say {seen.Mapping}, coturn's client {string.Join(" ", asked.Said)}");
            Assert.True(asked.Behaviour.Filtering == FilteringOf(seen), $"{home.Name}: we say {seen.Filtering}, coturn's client {string.Join(" ", asked.Said)}");
            Assert.Contains(seen.Does, home.Told(), StringComparison.Ordinal);
        }

        Assert.StartsWith("Behind a NAT that uses one outside port for all destinations, lets in only addresses spoken to", (await homes[0].SeenAsync()).Does, StringComparison.Ordinal);
        Assert.Equal(("address-and-port-dependent", "address-and-port-dependent", "scattered"), Words(await homes[1].SeenAsync()));
        Assert.Equal(("endpoint-independent", "address-and-port-dependent", "preserving"), Words(await homes[2].SeenAsync()));
        Assert.Equal("No NAT and no firewall: this uplink's own address is reached from everywhere.", (await homes[3].SeenAsync()).Does);
    }

    private static (string Mapping, string Filtering, string Ports) Words(NatDocument seen) => (seen.Mapping, seen.Filtering, seen.Ports);

    private static Mapping MappingOf(NatDocument seen) => seen.Mapping switch
    {
        "none" => Mapping.None,
        "endpoint-independent" => Mapping.EndpointIndependent,
        "address-dependent" => Mapping.AddressDependent,
        "address-and-port-dependent" => Mapping.AddressAndPortDependent,
        _ => Mapping.Unknown,
    };

    private static Filtering FilteringOf(NatDocument seen) => seen.Filtering switch
    {
        "endpoint-independent" => Filtering.EndpointIndependent,
        "address-dependent" => Filtering.AddressDependent,
        "address-and-port-dependent" => Filtering.AddressAndPortDependent,
        _ => Filtering.Unknown,
    };
}
