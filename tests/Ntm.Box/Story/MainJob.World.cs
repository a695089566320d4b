using Ntm.Box.World;

namespace Ntm.Box.Story;

// The world before the product: wires, NATs, and what an independent client says of them.
internal sealed partial class MainJob
{
    private async Task LayAsync()
    {
        laid = await Internet.LayAsync(copy, stop);
        await Net.AddHomeAsync("alice", Zone, NatBehaviour.OpenEnough, ["laptop"], stop);
        await Net.AddHomeAsync("bob", Zone, NatBehaviour.Symmetric, ["nas", "printer"], stop);
        await Net.AddHomeAsync("carol", Zone, NatBehaviour.Symmetric, ["nas"], stop);
        if (breakage == Breakage.Nat)
        {
            await Bob.Nat.NftAsync("flush ruleset", stop);
        }
    }

    private async Task NatsAsync()
    {
        tell.Begin("nats", "What each home's NAT does, found out from inside by an independent RFC 5780 client (coturn's)");
        var server = Net.StartStun();
        await UntilAsync(
            Short,
            () => Net.Stun.RunAsync(["ss", "-Hlun"], Short, stop),
            o => new[] { $"{Internet.StunAddress}:3478", $"{Internet.StunAddress}:3479", $"{Internet.StunOtherAddress}:3478", $"{Internet.StunOtherAddress}:3479" }
                    .All(a => o.Out.Contains(a, StringComparison.Ordinal))
                ? null
                : $"the STUN server has not opened its two addresses with two ports each ({server.State})");

        await NatsOfAsync(Net.Homes);
    }

    private async Task NatsOfAsync(IReadOnlyList<Home> homes)
    {
        var found = await Task.WhenAll(homes.Select(async h => (Home: h, Discovery: await NatDiscovery.AskAsync(h.Gateway, Internet.StunAddress, stop))));
        foreach (var (home, discovery) in found)
        {
            tell.Say($"{home.Name,-5}  {discovery.PublicAddress ?? "no answer",-14} {discovery.Behaviour}");
        }

        foreach (var (home, discovery) in found)
        {
            if (discovery.Behaviour != home.Wanted || discovery.PublicAddress != home.PublicAddress)
            {
                throw new BoxFailed(
                    $"{home.Name}'s NAT should show {home.PublicAddress} and have {home.Wanted}; the client found {discovery.PublicAddress ?? "no answer"} and {discovery.Behaviour}",
                    $"Its rules: ip netns exec {home.Nat.Name} nft list ruleset");
            }
        }
    }

    /// <summary>Breaks what was asked to be broken once everybody is registered.</summary>
    private async Task BreakAsync()
    {
        switch (breakage)
        {
            case Breakage.Relay:
                await relay!.StopAsync(TimeSpan.FromSeconds(2));
                break;
            case Breakage.Translation:
                await MustAsync(Alice.Gateway.RunAsync(["ip", "route", "del", "198.18.0.0/15"], Short, stop));
                break;
            case Breakage.Direct:
                await Net.Middle.NftAsync(
                    $$"""
                    table bridge broken {
                      chain between {
                        type filter hook forward priority 0
                        ip saddr {{Alice.PublicAddress}} ip daddr {{Bob.PublicAddress}} drop
                        ip saddr {{Bob.PublicAddress}} ip daddr {{Alice.PublicAddress}} drop
                      }
                    }
                    """,
                    stop);
                break;
            default:
                break;
        }
    }
}
