using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Real.Tests.Box;

/// <summary>A link between two namespaces: Debian's ping goes over it, and what it is told to do is what ping sees. It leaves nothing behind.</summary>
public sealed class LinkTests
{
    [NeedsRootFact]
    public async Task It_delays_loses_goes_deaf_and_takes_the_carrier_away()
    {
        await using var ends = await LinkEnds.MakeAsync();
        ends.Link.Set(new LinkConditions(TimeSpan.FromMilliseconds(30)));

        var (received, roundTrip) = await ends.PingAsync("192.0.2.2");
        Assert.Equal(LinkEnds.Pings, received);
        Assert.True(roundTrip >= 60, $"{roundTrip} ms");
        Assert.Equal(LinkEnds.Pings, (await ends.PingAsync("2001:db8::2")).Received);

        ends.Link.Set(new LinkConditions(TimeSpan.Zero) { Loss = 1 });
        Assert.Equal(0, (await ends.PingAsync("192.0.2.2")).Received);

        ends.Link.Set(new LinkConditions(TimeSpan.Zero));
        ends.Link.Deafen(outbound: false, inbound: true);
        var before = ends.Link.Out.Counts.Frames;
        Assert.Equal(0, (await ends.PingAsync("192.0.2.2")).Received);
        Assert.True(ends.Link.Out.Counts.Frames - before >= LinkEnds.Pings);
        Assert.True(ends.Link.In.Counts.Lost >= LinkEnds.Pings);

        ends.Link.Deafen(outbound: false, inbound: false);
        ends.Link.SetCarrier(false);
        Assert.Contains("NO-CARRIER", (await ends.Near.RunAsync(["ip", "link", "show", "end0"], LinkEnds.Limit, default)).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await ends.PingAsync("192.0.2.2")).Received);
        ends.Link.SetCarrier(true);
        Assert.Equal(LinkEnds.Pings, (await ends.PingAsync("192.0.2.2")).Received);
    }

    [NeedsRootFact]
    public async Task Ended_it_takes_its_interfaces_and_its_thread_along()
    {
        await using var ends = await LinkEnds.MakeAsync();
        var threads = Threads();
        Assert.Contains(threads, t => t == "link end0");

        ends.Link.Dispose();
        ends.Link.Dispose();

        Assert.DoesNotContain("end0", (await ends.Near.RunAsync(["ip", "link"], LinkEnds.Limit, default)).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("end0", (await ends.Far.RunAsync(["ip", "link"], LinkEnds.Limit, default)).Out, StringComparison.Ordinal);
        Assert.Equal(threads.Count(t => t == "link end0") - 1, Threads().Count(t => t == "link end0"));
    }

    private static List<string> Threads() =>
        [.. Directory.GetDirectories("/proc/self/task").Select(t => Path.Combine(t, "comm")).Where(File.Exists).Select(f => File.ReadAllText(f).Trim())];
}
