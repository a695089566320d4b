using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Programs;

/// <summary>Nodes behind NATs of Linux's that map by destination: met where the ports are few, honestly relayed where they are not.</summary>
public sealed partial class HardNatTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(40);

    /// <summary>The NAT of one draws each flow's port from 256, the other's lets in only who was spoken to: no ordinary check gets through, and probes do.</summary>
    [NeedsRootFact("nft", "ping")]
    public async Task A_NAT_with_few_ports_is_met()
    {
        using var world = new HardNatWorld();
        await world.UpAsync(HardNatWorld.PortRestricted, HardNatWorld.FewPorts);
        await TalkAsync(world, expectDirect: true);
        Assert.Equal(1, await EventuallyAsync(() => SocketsOf(world.Alice), n => n == 1, "alice has her own socket alone"));
        Assert.InRange(await EventuallyAsync(() => SocketsOf(world.Bob), n => n <= 4, "bob keeps only sockets that are in use"), 2, 4);
    }

    [NeedsRootFact("nft", "ping")]
    public async Task Two_NATs_without_a_pattern_go_through_the_relay_and_say_why()
    {
        using var world = new HardNatWorld();
        await world.UpAsync(HardNatWorld.Scattered, HardNatWorld.Scattered);
        await TalkAsync(world, expectDirect: false);
        Assert.Contains("every destination another port without a pattern", await world.Alice.NtmAsync("paths"), StringComparison.Ordinal);
    }

    private async Task TalkAsync(HardNatWorld world, bool expectDirect)
    {
        foreach (var node in (HardNatWorld.Node[])[world.Alice, world.Bob])
        {
            // Both servers have seen it, and its NAT has been looked at.
            await Town.UntilAsync(() => node.Interface.StatusAsync(default), s => s.Uplinks.Single().Nat.Contains("outside port", StringComparison.Ordinal), "the NAT is known");
            output.WriteLine((await node.Interface.StatusAsync(default)).Uplinks.Single().Nat);
        }

        await world.Alice.NtmAsync("resolve", "bob.home.example");
        var vip = (await world.Alice.Interface.PeerAsync("bob", default))!.Vip;
        var watch = Stopwatch.StartNew();
        world.Alice.Inside.Start($"ping -6 -i 0.2 -w {(expectDirect ? 38 : 12)} {vip}"); // ends with the namespace at the latest
        var peer = await Town.UntilAsync(
            () => world.Alice.Interface.PeerAsync("bob", default), p => expectDirect ? p is { Direct: true } : watch.Elapsed > TimeSpan.FromSeconds(6), expectDirect ? "a direct path" : "six seconds");
        output.WriteLine($"after {watch.Elapsed.TotalSeconds:0.0} s: {peer!.Reason}");
        foreach (var node in (HardNatWorld.Node[])[world.Alice, world.Bob])
        {
            var counters = (await node.Interface.StatusAsync(default)).Counters;
            output.WriteLine(string.Join(", ", counters.Where(c => c.Key.StartsWith("probe", StringComparison.Ordinal)).Select(c => $"{c.Key} {c.Value}")));
        }

        Assert.Equal(expectDirect, peer.Direct);
        if (expectDirect)
        {
            // The change lost nothing, and neither does what goes on by the new path.
            var said = world.Alice.Inside.Run($"ping -6 -i 0.05 -c 40 -w 10 {vip}");
            Assert.Contains(" 0% packet loss", said, StringComparison.Ordinal);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, Patient);
        }
    }

    private static int SocketsOf(HardNatWorld.Node node) => UdpLine().Count(node.Inside.Run("cat /proc/net/udp")) - 1; // the DNS's own

    private static async Task<int> EventuallyAsync(Func<int> look, Func<int, bool> good, string what) => await Town.UntilAsync(() => Task.FromResult(look()), good, what);

    [GeneratedRegex(@"^\s*\d+: [0-9A-F]{8}:", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex UdpLine();
}
