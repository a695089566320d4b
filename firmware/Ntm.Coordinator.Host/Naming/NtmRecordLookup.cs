using System.Net;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Host.Naming;

/// <summary>
/// Finds other zones' NTM records. The zones' names come from strangers, so: only canonical ones are asked for, few at once, each once at a time, and what was
/// found, or not found, is remembered.
/// </summary>
/// <param name="ask">The resolver: <see cref="Resolver.AskAsync"/>.</param>
/// <param name="time">For how long answers are remembered.</param>
public sealed class NtmRecordLookup(ResolverAsking ask, TimeProvider time) : IDisposable
{
    // Counted, besides the reasons of NtmRecord and NtmRecordEntry.
    public const string Found = "lookup-found";
    public const string Remembered = "lookup-remembered";
    public const string NotAZone = "lookup-not-a-zone";
    public const string TooMany = "lookup-too-many";
    public const string NoSuchZone = "lookup-no-such-zone";
    public const string Silent = "lookup-resolver-silent";
    public const string Failed = "lookup-resolver-failed";
    public const string PrivateAddress = "lookup-private-address";

    /// <summary>One zone's at most, with all addresses that are asked for besides: nobody's servers hold a turn for longer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<NtmRecordAnswer>> _running = [];
    private readonly OrderedDictionary<string, Memory> _remembered = [];
    private readonly SemaphoreSlim _turns = new(Limits.NtmRecordLookups);
    private readonly CancellationTokenSource _stop = new();
    private readonly Counters _counters = new();
    private readonly long _begin = time.GetTimestamp();

    private TimeSpan Elapsed => time.GetElapsedTime(_begin);

    /// <summary>Whether private addresses count, too: where this coordinator itself is known by nothing else, all of it is one private network.</summary>
    public bool TakesPrivate { get; init; }

    /// <summary>What was found and refused so far. From any thread.</summary>
    public IReadOnlyDictionary<string, long> Counted()
    {
        lock (_gate)
        {
            return new SortedDictionary<string, long>(_counters.All.ToDictionary());
        }
    }

    /// <summary>Finds the NTM record of a zone. From any thread.</summary>
    /// <param name="zone">Anything; what is no canonical zone's name is not asked for.</param>
    /// <param name="stop">Ends the waiting, not the asking, which others may wait for, too.</param>
    /// <returns>Always an answer, with its reason.</returns>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    public Task<NtmRecordAnswer> FindAsync(string zone, CancellationToken stop)
    {
        lock (_gate)
        {
            if (NtmRecord.NameOf(zone) is not { } name)
            {
                return Task.FromResult(Refused(NotAZone, "That is no zone's name."));
            }

            if (_remembered.TryGetValue(zone, out var memory) && memory.Until > Elapsed)
            {
                _counters.Count(Remembered);
                return Task.FromResult(memory.Answer with { TimeToLive = memory.Until - Elapsed });
            }

            if (!_running.TryGetValue(zone, out var task))
            {
                if (_running.Count >= Limits.NtmRecordLookups + Limits.NtmRecordsWaiting)
                {
                    return Task.FromResult(Refused(TooMany, "Too many zones are being asked for at this moment."));
                }

                // It is not awaited under the lock: Task.Run begins it elsewhere.
                _running[zone] = task = Task.Run(() => RunAsync(zone, name), CancellationToken.None);
            }

            return task.WaitAsync(stop);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private NtmRecordAnswer Refused(string counter, string reason)
    {
        _counters.Count(counter);
        return new(NtmRecordVerdict.NotAsked, null, TimeSpan.Zero, reason);
    }

    private async Task<NtmRecordAnswer> RunAsync(string zone, string name)
    {
        NtmRecordAnswer answer;
        string counter;
        try
        {
            await _turns.WaitAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                using var limit = new CancellationTokenSource(s_patience, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
                (answer, counter) = await AskAsync(zone, name, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                (answer, counter) = Nothing(NtmRecordVerdict.ResolverSilent, Silent, $"The DNS gave no answer for {zone} in {s_patience.TotalSeconds:0} s.");
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (Exception)
        {
            lock (_gate)
            {
                _running.Remove(zone);
            }

            throw;
        }

        lock (_gate)
        {
            _counters.Count(counter);
            _running.Remove(zone);
            Remember(zone, answer);
        }

        return answer;
    }

    /// <summary>Where there is no room, what was asked for the longest ago gives way.</summary>
    private void Remember(string zone, NtmRecordAnswer answer)
    {
        _remembered.Remove(zone);
        if (_remembered.Count >= Limits.NtmRecordsRemembered)
        {
            _remembered.RemoveAt(0);
        }

        _remembered.Add(zone, new(answer, Elapsed + answer.TimeToLive));
    }

    private async Task<(NtmRecordAnswer Answer, string Counter)> AskAsync(string zone, string name, CancellationToken limit)
    {
        var (response, who) = await ask(name, DnsType.Svcb, limit).ConfigureAwait(false);
        switch (response)
        {
            case null:
                return Nothing(NtmRecordVerdict.ResolverSilent, Silent, who);
            case { Code: not (DnsCode.NoError or DnsCode.NameError) }:
                return Nothing(NtmRecordVerdict.ResolverFailed, Failed, who);
            case { Data.Count: 0, Code: DnsCode.NameError, NegativeZone: var above } when above != zone:
                return Nothing(NtmRecordVerdict.NoSuchZone, NoSuchZone, $"There is no zone {zone}; the DNS knows nothing below {(above is null or "" ? "the root" : above)}.");
            case { Data.Count: 0 }:
                return Nothing(NtmRecordVerdict.NoRecord, NtmRecord.NoCoordinator, $"There is no NTM record at {name}.");
        }

        if (NtmRecord.Read(zone, response.Data, out var entries) is { } reason)
        {
            return Nothing(
                reason is NtmRecordEntry.Alias or NtmRecordEntry.NotUnderstood ? NtmRecordVerdict.NoRecord : NtmRecordVerdict.Damaged,
                reason, $"The NTM record of {zone} cannot be used: {reason}.");
        }

        var (filled, ttl) = await FillAsync(name, entries, response.TtlSeconds, limit).ConfigureAwait(false);
        if (!TakesPrivate && filled.Any(e => e.Hints.Any(CandidateAddress.IsPrivate)))
        {
            // Whoever holds a name would have us knock at doors of our own network.
            lock (_gate)
            {
                _counters.Count(PrivateAddress);
            }

            filled = [.. filled.Select(e => e with { Hints = [.. e.Hints.Where(h => !CandidateAddress.IsPrivate(h))] })];
        }

        if (NtmRecord.Of(zone, filled, out var record) is { } none)
        {
            return Nothing(
                none == NtmRecord.NoCoordinator ? NtmRecordVerdict.NoRecord : NtmRecordVerdict.Damaged, none, $"The NTM record of {zone} cannot be used: {none}.");
        }

        var life = TimeSpan.FromSeconds(Math.Clamp(ttl, Limits.NtmRecordLeast.TotalSeconds, Limits.NtmRecordMost.TotalSeconds));
        return (new(NtmRecordVerdict.Found, record, life, who), Found);
    }

    /// <summary>Asks for the addresses of entries that have none themselves.</summary>
    private async Task<(IReadOnlyList<NtmRecordEntry> Entries, uint Ttl)> FillAsync(
        string name, IReadOnlyList<NtmRecordEntry> entries, uint ttl, CancellationToken limit)
    {
        var filled = new List<NtmRecordEntry>();
        var hosts = new Dictionary<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (entry.Hints.Count > 0)
            {
                filled.Add(entry);
                continue;
            }

            var host = entry.Target.Length > 0 ? entry.Target : name;
            if (!hosts.TryGetValue(host, out var addresses))
            {
                if (hosts.Count == NtmRecord.CoordinatorsMost)
                {
                    continue;
                }

                (addresses, var least) = await AddressesAsync(host, limit).ConfigureAwait(false);
                hosts[host] = addresses;
                ttl = addresses.Count > 0 ? Math.Min(ttl, least) : ttl;
            }

            filled.Add(entry with { Hints = [.. addresses.Select(a => RealAddress.From(new(a, entry.Port))).Where(NtmRecordEntry.IsReachable).Distinct().Take(NtmRecord.EndpointsMost)] });
        }

        return (filled, ttl);
    }

    private async Task<(IReadOnlyList<IPAddress> Addresses, uint Ttl)> AddressesAsync(string host, CancellationToken limit)
    {
        var (found, ttl) = (new List<IPAddress>(), uint.MaxValue);
        foreach (var (type, size) in new[] { (DnsType.A, 4), (DnsType.Aaaa, 16) })
        {
            if ((await ask(host, type, limit).ConfigureAwait(false)).Response is { } response)
            {
                found.AddRange(response.Data.Where(d => d.Length == size).Take(NtmRecord.EndpointsMost).Select(d => new IPAddress(d)));
                ttl = response.Data.Count > 0 ? Math.Min(ttl, response.TtlSeconds) : ttl;
            }
        }

        return (found, ttl);
    }

    private static (NtmRecordAnswer, string) Nothing(NtmRecordVerdict verdict, string counter, string reason) =>
        (new(verdict, null, Limits.NtmRecordFailure, reason), counter);

    private sealed record Memory(NtmRecordAnswer Answer, TimeSpan Until);
}
