using Ntm.Box.Os;
using Ntm.Box.Story;

namespace Ntm.Box.Handover;

/// <summary>Two homes that have met: what strikes one of them does so on the uplinks that carry the stream at that time, as the links count it.</summary>
internal sealed class HandoverPair(HandoverLand land, HandoverPrograms programs, HandoverHome one, HandoverHome other, string alias, CancellationToken stop)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private (WiredUplink Out, WiredUplink In, WiredUplink There)? struck;

    public HandoverLand Land => land;

    public HandoverPrograms Programs => programs;

    /// <summary>The asking home.</summary>
    public HandoverHome One => one;

    public HandoverHome Other => other;

    /// <summary>By which a device of the one reaches the other's.</summary>
    public string Alias => alias;

    public CancellationToken Stop => stop;

    /// <summary>The uplink by which the stream left the one when it was last looked at.</summary>
    public WiredUplink Here => struck?.Out ?? throw new InvalidOperationException("nothing was looked at yet");

    /// <summary>That by which it came: another where the ends do not agree.</summary>
    public WiredUplink HereIn => struck?.In ?? throw new InvalidOperationException("nothing was looked at yet");

    /// <summary>The other's, by which it left.</summary>
    public WiredUplink There => struck?.There ?? throw new InvalidOperationException("nothing was looked at yet");

    /// <summary>The relay that carried the stream when it was last looked at.</summary>
    public int Relay { get; private set; }

    public IEnumerable<WiredUplink> Uplinks => one.Uplinks.Concat(other.Uplinks);

    /// <summary>Of the stream that is run, each way.</summary>
    public int PacketsPerSecond { get; private set; }

    public void Mark(StreamRate rate)
    {
        PacketsPerSecond = rate.PacketsPerSecond;
        foreach (var uplink in Uplinks)
        {
            uplink.Link.Marked = rate.Frames;
        }
    }

    /// <summary>Frames of the stream that both homes have put on their links.</summary>
    public long Marked => Uplinks.Sum(u => u.Link.Out.Counts.Marked);

    /// <summary>Frames that links had no room for: what is lost by that is no handover's doing.</summary>
    public long Full => Uplinks.Sum(u => u.Link.Out.Counts.Full + u.Link.In.Counts.Full);

    /// <summary>Looks which uplinks carry the stream.</summary>
    public async Task LookAsync()
    {
        var before = Uplinks.ToDictionary(u => u, u => (Out: u.Link.Out.Counts.Marked, In: u.Link.In.Counts.Marked));
        var relays = await RelayBytesAsync();
        await Task.Delay(Look, stop);
        struck = (
            one.Uplinks.MaxBy(u => u.Link.Out.Counts.Marked - before[u].Out)!,
            one.Uplinks.MaxBy(u => u.Link.In.Counts.Marked - before[u].In)!,
            other.Uplinks.MaxBy(u => u.Link.Out.Counts.Marked - before[u].Out)!);
        var later = await RelayBytesAsync();
        Relay = Enumerable.Range(0, relays.Count).MaxBy(i => later[i] - relays[i]);
    }

    /// <summary>Waits until both ends have proven paths by two uplinks, where they have as many.</summary>
    /// <returns>Whether it came to that.</returns>
    public async Task<bool> IsWarmAsync(TimeSpan limit)
    {
        try
        {
            foreach (var (home, peer) in new[] { (one, other), (other, one) })
            {
                await programs.Asking.UntilAsync(limit, () => programs.At(home).PeerAsync(peer.Name, stop), p =>
                    p is { Established: true } && p.Paths.Where(x => x.State is "used" or "proven").Select(x => x.Uplink).Distinct().Count() >= Math.Min(2, home.Uplinks.Count)
                        ? null : $"{home.Name} has no two proven paths to {peer.Name}");
            }

            return true;
        }
        catch (BoxFailed e) when (!e.Message.Contains("has ended", StringComparison.Ordinal))
        {
            return false;
        }
    }

    /// <summary>Whether the one uses its preferred uplink, or comes to within a time.</summary>
    public async Task<bool> IsHomeAgainAsync(TimeSpan limit)
    {
        for (var until = DateTime.UtcNow + limit; ;)
        {
            if (await programs.UsedAsync(one, other) is { } used && used.Uplink == one.Uplinks[0].Name)
            {
                return true;
            }

            if (DateTime.UtcNow > until)
            {
                return false;
            }

            await Task.Delay(100, stop);
        }
    }

    /// <summary>Kills the one's gateway, without a word to it, and starts it again.</summary>
    public async Task RestartGatewayAsync()
    {
        await one.Program!.EndAsync(Signals.Kill, TimeSpan.FromSeconds(10), stop);
        await programs.StartGatewayAsync(one);
    }

    private async Task<IReadOnlyList<long>> RelayBytesAsync()
    {
        var bytes = new List<long>();
        for (var i = 0; i < land.Relays.Count; i++)
        {
            var said = await Asking.MustAsync(land.Relays[i].RunAsync(["cat", "/proc/net/dev"], TimeSpan.FromSeconds(5), stop));
            bytes.Add(said.Out.Split('\n').Where(l => l.Contains("eth0:", StringComparison.Ordinal)).Select(l =>
                long.Parse(l.Split(':')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault());
        }

        return bytes;
    }
}
