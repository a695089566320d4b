using Microsoft.Extensions.Hosting;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Asks the DNS of each uplink that has IPv6 alone for its network's NAT64 (RFC 7050), and again before the answer has run out. Never on the pump's thread.
/// </summary>
/// <param name="uplinks">By number.</param>
/// <param name="found">Told what an uplink's network has; null: no NAT64.</param>
public sealed class Nat64Discovery(IReadOnlyList<UplinkConfig> uplinks, Action<int, Nat64Prefix?> found, ILogger log) : BackgroundService
{
    /// <summary>How long an answer counts, at least and at most, whatever its TTL.</summary>
    private static readonly TimeSpan s_least = TimeSpan.FromMinutes(1), s_most = TimeSpan.FromHours(1);

    /// <summary>Where there is none: a network seldom gets one while it is in use.</summary>
    private static readonly TimeSpan s_none = TimeSpan.FromMinutes(10);

    /// <summary>Where nobody answered: this, doubled each time, at most five times.</summary>
    private static readonly TimeSpan s_silent = TimeSpan.FromSeconds(5);

    private const int DoublingsMost = 5;

    private readonly Search[] _searches = [.. uplinks.Select(_ => new Search())];

    /// <summary>Whether an uplink is in a network with IPv6 alone, each time it is another one. From any thread; never blocks.</summary>
    public void Look(int number, bool isIPv6Alone)
    {
        var search = _searches[number];
        search.Wanted = isIPv6Alone;
        search.Changed.Release();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(uplinks.Select((uplink, number) => SearchAsync(uplink, number, stoppingToken)));

    private async Task SearchAsync(UplinkConfig uplink, int number, CancellationToken stop)
    {
        var search = _searches[number];
        var resolver = new Resolver(uplink.Resolver, uplink.Interface);
        var said = "";
        var silent = 0;
        var again = Timeout.InfiniteTimeSpan;
        while (true)
        {
            if (await search.Changed.WaitAsync(again, stop))
            {
                silent = 0;
            }

            if (!search.Wanted)
            {
                again = Timeout.InfiniteTimeSpan;
                continue;
            }

            var answer = await resolver.AskAsync(Nat64Prefix.WellKnownName, DnsType.Aaaa, stop);
            string now;
            if (answer.Response is not { Code: DnsCode.NoError or DnsCode.NameError } response)
            {
                again = s_silent * (1 << Math.Min(silent++, DoublingsMost));
                now = $"its DNS cannot be asked for a NAT64: {answer.Reason}";
            }
            else if (Nat64Prefix.TryFind(response.Data, out var prefix))
            {
                silent = 0;
                again = TimeSpan.FromSeconds(Math.Clamp(response.TtlSeconds, s_least.TotalSeconds, s_most.TotalSeconds));
                now = $"its network's NAT64 is {prefix}";
                found(number, prefix);
            }
            else
            {
                silent = 0;
                again = s_none;
                now = response.Data.Count == 0 ? "its network has no NAT64" : "what its DNS says of a NAT64 cannot be used";
                found(number, null);
            }

            if (now != said)
            {
                said = now;
                log.Information("Uplink {Uplink} has IPv6 alone; {Finding}.", uplink.Name, now.TrimEnd('.'));
            }
        }
    }

    private sealed class Search
    {
        public SemaphoreSlim Changed { get; } = new(0);

        public volatile bool Wanted;
    }
}
