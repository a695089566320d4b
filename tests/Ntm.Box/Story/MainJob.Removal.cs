using System.Globalization;
using System.Text.RegularExpressions;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// The owner takes a node out of the zone.
internal sealed partial class MainJob
{
    private async Task RemovalAsync()
    {
        tell.Begin("removal", "Dave's laptop is stolen: the owner removes it from the zone while it fetches from bob's nas, and that ends within seconds");
        var name = $"nas.bob.{Zone}";
        var file = Path.Combine(Dave.Directory, "stolen.bin");
        await MustAsync(Dave.Gateway.RunAsync(["curl", "-4", "-sS", "--fail", "--max-time", "10", "-o", "/dev/null", $"http://{name}/hello.txt"], Patient, stop));
        await HoldLittleAsync(Dave.Gateway);
        var ping = Child.Start(copy, "dave/ping", Dave.Gateway.Inside("ping", "-4", "-n", "-D", "-i", "0.1", "-W", "1", name));
        var transfer = Child.Start(copy, "dave/transfer", Dave.Gateway.Inside("curl", "-4", "-sS", "--limit-rate", "256k", "--no-buffer", "-o", file, $"http://{name}/gift.bin"));
        await UntilAsync(Short, () => Task.FromResult(File.Exists(file) ? new FileInfo(file).Length : 0), n => n > 100_000 ? null : "dave's transfer has not begun");

        var members = await MustAsync(Net.Coordinator.RunAsync([programs.Coordinator, "nodes", "--data", CoordinatorDirectory], Patient, stop));
        var listed = members.Out.Split('\n').FirstOrDefault(l => l.TrimStart().StartsWith("dave ", StringComparison.Ordinal)) ?? throw new BoxFailed($"`ntm-coordinator nodes` does not list dave: {members.Out}");
        tell.Say($"ntm-coordinator nodes lists: {Spaces().Replace(listed.Trim(), " ")}");
        var ordered = DateTimeOffset.UtcNow;
        var done = await MustAsync(Net.Coordinator.RunAsync([programs.Coordinator, "nodes", "remove", "dave", "--data", CoordinatorDirectory], Patient, stop));
        await MustAsync(Net.SecondCoordinator.RunAsync(
            [programs.Coordinator, "nodes", "remove", "dave", "--data", SecondCoordinatorDirectory, "--owner-key", Path.Combine(CoordinatorDirectory, "owner.key")], Patient, stop));
        tell.Say($"ntm-coordinator nodes remove dave, at both   -> {done.Out.Split('\n')[0].Trim()}");

        await Task.Delay(ordered + LongestCut - DateTimeOffset.UtcNow is { } rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero, stop);
        var now = DateTimeOffset.UtcNow;
        var lastByte = new DateTimeOffset(File.GetLastWriteTimeUtc(file)) - ordered;
        var replies = ping.Tail(int.MaxValue).Select(l => Reply().Match(l)).Where(m => m.Success)
            .Select(m => DateTimeOffset.FromUnixTimeMilliseconds((long)(double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) * 1000))).ToList();
        var lastReply = replies[^1] - ordered;
        var length = new FileInfo(file).Length;
        await Task.WhenAll(ping.StopAsync(TimeSpan.FromSeconds(2)), transfer.StopAsync(TimeSpan.FromSeconds(2)));
        tell.Say($"of its transfer {Teller.Size(length)} of {Teller.Size(giftBytes)} came, the last byte {After(lastByte)} the order; of its pings the last was answered {After(lastReply)} it, "
            + $"and none in the {(now - replies[^1]).TotalSeconds:0.0} s since");
        if (length >= giftBytes || lastByte > LongestCut - TimeSpan.FromSeconds(0.5) || lastReply > LongestCut - TimeSpan.FromSeconds(0.5))
        {
            throw new BoxFailed($"what a removed node has begun should end within {LongestCut.TotalSeconds:0} s");
        }

        var told = (await UntilAsync(Short, () => At(Dave).StatusAsync(stop), d => d.Removed is null ? "dave's gateway does not know that it was removed" : null)).Removed;
        tell.Say($"dave$ ntm status   -> {told}");
        var resolved = await UntilAsync(Short, () => NtmAsync(Alice, "resolve", $"dave.{Zone}"), o => o.Ok ? $"alice still resolves dave.{Zone}" : null);
        tell.Say($"alice$ ntm resolve dave.{Zone}   -> {Reason(resolved)}");

        static string After(TimeSpan time) => $"{Math.Abs(time.TotalSeconds):0.00} s {(time > TimeSpan.Zero ? "after" : "before")}";
    }

    [GeneratedRegex(@"^\[(\d+\.\d+)\] \d+ bytes from")]
    private static partial Regex Reply();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
