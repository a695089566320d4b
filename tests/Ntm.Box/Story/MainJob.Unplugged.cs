using System.Globalization;
using Ntm.Box.Handover;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// Nobody notices a change of network: an uplink is unplugged in the midst of what goes by it.
internal sealed partial class MainJob
{
    /// <summary>For a busy machine; what it takes is in docs/handover.md.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(2);

    private WiredUplink? mobile;

    private async Task UnpluggedAsync()
    {
        tell.Begin("unplugged", "Alice's gateway has a second uplink, by a mobile network; the first is unplugged in the middle of a download");
        await ServeLongAsync();
        mobile = await Net.PlugUplinkAsync(Alice, "lte", stop);
        var peer = await UntilAsync(Patient, () => At(Alice).PeerAsync("bob", stop), p =>
            p!.Paths.Any(x => x is { Uplink: "lte", State: "proven", Channel: 0 }) ? null : $"no path to bob by the second uplink is proven: {Describe(p)}");
        tell.Say($"alice reaches bob by {string.Join(" and by ", peer!.Paths.Where(p => p.State is "used" or "proven" && p.Channel == 0).Select(p => $"{p.Uplink} ({p.State}{(p.RoundTripMs is { } ms ? $", {ms:0.0} ms" : "")})").Distinct())}");
        if (breakage == Breakage.Uplink)
        {
            mobile.Link.Deafen(outbound: true, inbound: true);
        }

        var laptop = Alice.Devices[0];
        var alias = await ResolveAsync(laptop, $"nas.bob.{Zone}");
        mobile.Link.Marked = StreamRate.Slow.Frames;
        var (here, there) = await StreamEnd.PairAsync(laptop.Namespace, alias, Bob.Device("nas").Namespace, stop);
        using var hereEnds = here;
        using var thereEnds = there;
        there.Begin(1, StreamRate.Slow);
        here.Begin(1, StreamRate.Slow);
        var download = FetchSlowlyAsync(laptop, $"nas.bob.{Zone}", longThere!);
        await Task.Delay(TimeSpan.FromSeconds(1), stop);
        var before = mobile.Link.Out.Counts.Marked;
        var sent = here.Sent;
        await Alice.Nat.IpAsync(stop, "link set in0 down");
        await Task.Delay(TimeSpan.FromSeconds(2), stop);
        here.Stop();
        there.Stop();
        var fetched = breakage == Breakage.Uplink ? "" : await download;
        var reading = here.Read(there) + there.Read(here);
        tell.Say($"unplugged after 1.0 s; of what alice's laptop sent from then on ({Teller.Count(here.Sent - sent, "numbered datagram")}, 500 a second) {mobile.Link.Out.Counts.Marked - before:#,0} were counted on the mobile network's link");
        tell.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"of {reading.Sent:#,0} both ways {reading.Lost:#,0} were lost, {reading.Twice:#,0} came twice, and the longest gap was {reading.Gap.TotalMilliseconds:0} ms"));
        if (reading.Gap > LongestGap)
        {
            throw new BoxFailed($"the gap should be {LongestGap.TotalSeconds:0} s at the most");
        }

        tell.Say($"the download, on one connection: {fetched}");
        await TellHandoversAsync();

        // As it was: plugged in again, and the mobile network away.
        await Alice.Nat.IpAsync(stop, "link set in0 up");
        await UntilAsync(Patient, () => At(Alice).PeerAsync("bob", stop), p =>
            p!.Paths.Any(x => x is { Uplink: "catv", State: "used" or "proven", Channel: 0 }) ? null : $"no path to bob by the first uplink is proven again: {Describe(p)}");
        mobile.Link.Dispose();
        await UntilAsync(Patient, () => At(Alice).PeerAsync("bob", stop), p =>
            p!.Paths.Any(x => x is { Uplink: "catv", State: "used", Channel: 0 }) ? null : $"the first uplink is not used again: {Describe(p)}");
    }

    /// <summary>The gateway's own record of it.</summary>
    private async Task TellHandoversAsync()
    {
        var record = await MustAsync(NtmAsync(Alice, "handovers"));
        foreach (var line in record.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(12))
        {
            tell.Say("  " + line);
        }
    }
}
