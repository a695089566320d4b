using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Real.Tests.Box;

/// <summary>Two namespaces and a link between them.</summary>
internal sealed partial class LinkEnds : IAsyncDisposable
{
    public const int Pings = 5;

    private LinkEnds(NetworkNamespace near, NetworkNamespace far, Link link)
    {
        Near = near;
        Far = far;
        Link = link;
    }

    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(20);

    public NetworkNamespace Near { get; }

    public NetworkNamespace Far { get; }

    public Link Link { get; }

    public static async Task<LinkEnds> MakeAsync()
    {
        var id = RandomNumberGenerator.GetHexString(6, lowercase: true);
        NetworkNamespace near = new($"ntm-link-{id}-a"), far = new($"ntm-link-{id}-b");
        foreach (var place in (NetworkNamespace[])[near, far])
        {
            Assert.True((await Tool.RunAsync(["ip", "netns", "add", place.Name], Limit, default)).Ok);
        }

        var link = Link.Lay((near, "end0"), (far, "end0"), seed: 1);
        await near.IpAsync(default, "addr add 192.0.2.1/24 dev end0", "addr add 2001:db8::1/64 dev end0 nodad", "link set end0 up");
        await far.IpAsync(default, "addr add 192.0.2.2/24 dev end0", "addr add 2001:db8::2/64 dev end0 nodad", "link set end0 up");
        return new LinkEnds(near, far, link);
    }

    /// <returns>Answers, and the shortest round trip in ms.</returns>
    public async Task<(int Received, double RoundTrip)> PingAsync(string address)
    {
        var said = await Near.RunAsync(["ping", "-n", "-i", "0.05", "-c", $"{Pings}", "-W", "1", address], Limit, default);
        var shortest = Shortest().Match(said.Out);
        return (
            int.Parse(Received().Match(said.Out).Groups[1].ValueSpan, CultureInfo.InvariantCulture),
            shortest.Success ? double.Parse(shortest.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0);
    }

    public async ValueTask DisposeAsync()
    {
        Link.Dispose();
        foreach (var place in (NetworkNamespace[])[Near, Far])
        {
            await Tool.RunAsync(["ip", "netns", "del", place.Name], Limit, default);
        }
    }

    [GeneratedRegex(@"(\d+) received")]
    private static partial Regex Received();

    [GeneratedRegex(@"rtt min/avg/max/mdev = ([0-9.]+)/")]
    private static partial Regex Shortest();
}
