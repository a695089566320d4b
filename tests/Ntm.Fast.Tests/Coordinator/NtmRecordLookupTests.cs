using System.Net;
using Ntm.Coordinator.Host.Naming;
using Ntm.Hosting;
using Ntm.Fast.Tests.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>Other zones' NTM records found, with a resolver that the test plays and a clock that it moves.</summary>
public sealed class NtmRecordLookupTests : IDisposable
{
    private const string Zone = "bob.example";

    private readonly Dictionary<(string Name, ushort Type), Func<Task<ResolverAnswer>>> _dns = [];
    private readonly List<string> _asked = [];
    private readonly HandClock _clock = new();
    private readonly NtmRecordLookup _lookup;

    public NtmRecordLookupTests() => _lookup = new(AskAsync, _clock);

    public void Dispose() => _lookup.Dispose();

    [Fact]
    public async Task A_record_with_hints_is_found_by_one_question_and_remembered_for_its_ttl()
    {
        Tells($"_ntm.{Zone}", DnsType.Svcb, 120, Entry().Encode());
        var answer = await FindAsync();
        Assert.Equal((NtmRecordVerdict.Found, TimeSpan.FromSeconds(120)), (answer.Verdict, answer.TimeToLive));
        Assert.Equal("203.0.113.10:4916", answer.Record!.Coordinators.Single().Endpoints.Single().ToString());

        _clock.Move(TimeSpan.FromSeconds(119));
        Assert.Equal(TimeSpan.FromSeconds(1), (await FindAsync()).TimeToLive);
        Assert.Single(_asked);
        _clock.Move(TimeSpan.FromSeconds(1));
        await FindAsync();
        Assert.Equal(2, _asked.Count);
        Assert.Equal((2, 1), (Count(NtmRecordLookup.Found), Count(NtmRecordLookup.Remembered)));
    }

    [Theory]
    [InlineData(1, 30)]
    [InlineData(86_400, 3600)]
    public async Task A_ttl_is_30_s_to_an_hour(uint ttl, int seconds)
    {
        Tells($"_ntm.{Zone}", DnsType.Svcb, ttl, Entry().Encode());
        Assert.Equal(seconds, (await FindAsync()).TimeToLive.TotalSeconds);
    }

    [Fact]
    public async Task Where_hints_are_missing_the_targets_addresses_are_asked_for_once()
    {
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, (Entry() with { Hints = [] }).Encode(), (Entry() with { Hints = [], Port = 53 }).Encode());
        Tells($"c1.{Zone}", DnsType.A, 60, [203, 0, 113, 20]);
        Tells($"c1.{Zone}", DnsType.Aaaa, 90, IPAddress.Parse("2001:db8::20").GetAddressBytes(), IPAddress.IPv6Loopback.GetAddressBytes());
        var answer = await FindAsync();
        Assert.Equal((NtmRecordVerdict.Found, 60), (answer.Verdict, (int)answer.TimeToLive.TotalSeconds));
        Assert.Equal(
            ["203.0.113.20:4916", "203.0.113.20:53", "[2001:db8::20]:4916", "[2001:db8::20]:53"],
            answer.Record!.Coordinators.Single().Endpoints.Select(e => e.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task A_target_of_nothing_is_the_record_itself()
    {
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, (Entry() with { Hints = [], Target = "" }).Encode());
        Tells($"_ntm.{Zone}", DnsType.A, 60, [203, 0, 113, 20]);
        Assert.Equal("203.0.113.20:4916", (await FindAsync()).Record!.Coordinators.Single().Endpoints.Single().ToString());
    }

    /// <summary>A stranger's name that points into the coordinator's own network.</summary>
    [Theory]
    [InlineData("192.168.1.1:4916", true)]
    [InlineData("100.64.0.1:4916", true)]
    [InlineData("[fd00::1]:4916", true)]
    [InlineData("192.168.1.1:4916", false)]
    public async Task Private_addresses_count_only_where_all_is_private(string hint, bool asTarget)
    {
        var at = NtmRecordTests.Address(hint);
        var entry = Entry() with { Hints = asTarget ? [] : [at] };
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, entry.Encode());
        Tells($"c1.{Zone}", at.IsIPv4 ? DnsType.A : DnsType.Aaaa, 60, at.AddressBytes());
        Assert.NotEqual(NtmRecordVerdict.Found, (await FindAsync()).Verdict);
        Assert.Equal(1, Count(NtmRecordLookup.PrivateAddress));
        using var inside = new NtmRecordLookup(AskAsync, _clock) { TakesPrivate = true };
        Assert.Equal(NtmRecordVerdict.Found, (await inside.FindAsync(Zone, default)).Verdict);
    }

    [Fact]
    public async Task What_is_not_found_has_a_reason_and_is_remembered_for_30_s()
    {
        _dns[($"_ntm.{Zone}", DnsType.Svcb)] = () => Task.FromResult(new ResolverAnswer(null, "Nobody answered at 192.0.2.53:53."));
        await NothingAsync(NtmRecordVerdict.ResolverSilent, NtmRecordLookup.Silent);
        Answers(DnsCode.ServerFailure, null);
        await NothingAsync(NtmRecordVerdict.ResolverFailed, NtmRecordLookup.Failed);
        Answers(DnsCode.NameError, "example");
        await NothingAsync(NtmRecordVerdict.NoSuchZone, NtmRecordLookup.NoSuchZone);
        Answers(DnsCode.NameError, Zone);
        await NothingAsync(NtmRecordVerdict.NoRecord, NtmRecord.NoCoordinator);
        Answers(DnsCode.NoError, Zone);
        await NothingAsync(NtmRecordVerdict.NoRecord, NtmRecord.NoCoordinator);
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, Entry().Encode()[..^1]);
        await NothingAsync(NtmRecordVerdict.Damaged, NtmRecordEntry.Truncated);
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, [0, 0, 0]);
        await NothingAsync(NtmRecordVerdict.NoRecord, NtmRecordEntry.Alias);
        Tells($"_ntm.{Zone}", DnsType.Svcb, 300, (Entry() with { Hints = [] }).Encode());
        await NothingAsync(NtmRecordVerdict.NoRecord, NtmRecord.NoCoordinator); // and the target has no address
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("Bob.example")]
    [InlineData("bob.example.")]
    [InlineData("bob..example")]
    [InlineData("_ntm.bob.example")]
    [InlineData("bob.example\0")]
    [InlineData("böb.example")]
    public async Task What_is_no_canonical_zone_is_not_asked_for(string zone)
    {
        Assert.Equal(NtmRecordVerdict.NotAsked, (await _lookup.FindAsync(zone, default)).Verdict);
        Assert.Empty(_asked);
        Assert.Equal(1, Count(NtmRecordLookup.NotAZone));
    }

    [Fact]
    public async Task One_zone_is_asked_for_once_however_many_wait()
    {
        var answer = new TaskCompletionSource<ResolverAnswer>();
        _dns[($"_ntm.{Zone}", DnsType.Svcb)] = () => answer.Task;
        using var impatient = new CancellationTokenSource();
        var all = Enumerable.Range(0, 20).Select(_ => FindAsync()).ToArray();
        var ended = _lookup.FindAsync(Zone, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ended);
        answer.SetResult(new(null, "Nobody."));
        Assert.All(await Task.WhenAll(all), a => Assert.Equal(NtmRecordVerdict.ResolverSilent, a.Verdict));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Eight_are_asked_for_at_once_64_wait_and_more_are_refused()
    {
        var gate = new TaskCompletionSource();
        var (now, most) = (0, 0);
        using var lookup = new NtmRecordLookup(
            async (_, _, _) =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref now));
                await gate.Task;
                Interlocked.Decrement(ref now);
                return new ResolverAnswer(null, "Nobody.");
            },
            _clock);
        var all = Enumerable.Range(0, 100).Select(i => lookup.FindAsync($"z{i}.example", default)).ToArray();
        Assert.Equal(28, all.Count(t => t.IsCompletedSuccessfully && t.Result.Verdict == NtmRecordVerdict.NotAsked));
        gate.SetResult();
        await Task.WhenAll(all);
        Assert.InRange(most, 1, Limits.NtmRecordLookups);
        Assert.Equal((28, 72), ((int)lookup.Counted()[NtmRecordLookup.TooMany], (int)lookup.Counted()[NtmRecordLookup.Silent]));
    }

    [Fact]
    public async Task The_latest_1024_zones_are_remembered()
    {
        for (var i = 0; i < 3000; i++)
        {
            await _lookup.FindAsync($"z{i}.example", default);
        }

        for (var i = 2999; i >= 3000 - Limits.NtmRecordsRemembered; i--)
        {
            await _lookup.FindAsync($"z{i}.example", default);
        }

        Assert.Equal(3000, _asked.Count);
        await _lookup.FindAsync($"z{2999 - Limits.NtmRecordsRemembered}.example", default);
        Assert.Equal(3001, _asked.Count);
        Assert.Equal(Limits.NtmRecordsRemembered, Count(NtmRecordLookup.Remembered));
    }

    [Theory]
    [InlineData("192.0.2.53", "192.0.2.53:53")]
    [InlineData("192.0.2.53:5353", "192.0.2.53:5353")]
    [InlineData("2001:db8::53", "[2001:db8::53]:53")]
    [InlineData("[2001:db8::53]:5353", "[2001:db8::53]:5353")]
    [InlineData("dns.example", null)]
    public void A_resolver_is_an_address_with_a_port_or_without(string text, string? endpoint)
    {
        Assert.Equal(endpoint is not null, Resolver.TryRead(text, out var read));
        Assert.Equal(endpoint ?? read.ToString(), read.ToString());
    }

    [Fact]
    public void The_systems_resolvers_are_the_first_three_of_resolv_conf_or_this_machine()
    {
        Assert.Equal(
            ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"],
            Resolver.ReadSystems(["# nameserver 192.0.2.9", "search example", "nameserver\t192.0.2.1 ", "nameserver what", "nameserver 2001:db8::1", "nameserver 192.0.2.2", "nameserver 192.0.2.3"])
                .Select(e => e.ToString()));
        Assert.Equal(["127.0.0.1:53"], Resolver.ReadSystems([]).Select(e => e.ToString()));
    }

    private static void InterlockedMax(ref int most, int seen)
    {
        for (var old = Volatile.Read(ref most); seen > old && Interlocked.CompareExchange(ref most, seen, old) != old; old = Volatile.Read(ref most))
        {
        }
    }

    private static NtmRecordEntry Entry() => new(1, $"c1.{Zone}", 4916, NtmRecordTests.Key(0), [NtmRecordTests.Address("203.0.113.10:4916")]);

    private long Count(string counter) => _lookup.Counted().GetValueOrDefault(counter);

    private Task<NtmRecordAnswer> FindAsync() => _lookup.FindAsync(Zone, default);

    private async Task NothingAsync(NtmRecordVerdict verdict, string counter)
    {
        var (asked, counted) = (_asked.Count, Count(counter));
        var answer = await FindAsync();
        Assert.Equal((verdict, null, TimeSpan.FromSeconds(30)), (answer.Verdict, answer.Record, answer.TimeToLive));
        Assert.EndsWith(".", answer.Reason, StringComparison.Ordinal);
        Assert.Equal(counted + 1, Count(counter));
        Assert.True(_asked.Count > asked);
        asked = _asked.Count;
        Assert.Equal(verdict, (await FindAsync()).Verdict);
        Assert.Equal(asked, _asked.Count);
        _clock.Move(TimeSpan.FromSeconds(30));
    }

    private Task<ResolverAnswer> AskAsync(string name, ushort type, CancellationToken stop)
    {
        lock (_asked)
        {
            _asked.Add($"{name} {type}");
        }

        return _dns.TryGetValue((name, type), out var answer) ? answer() : Task.FromResult(Respond(name, type, DnsCode.NameError, "example", 0, []));
    }

    private void Tells(string name, ushort type, uint ttl, params byte[][] data) =>
        _dns[(name, type)] = () => Task.FromResult(Respond(name, type, DnsCode.NoError, null, ttl, data));

    private void Answers(DnsCode code, string? negative) =>
        _dns[($"_ntm.{Zone}", DnsType.Svcb)] = () => Task.FromResult(Respond($"_ntm.{Zone}", DnsType.Svcb, code, negative, 0, []));

    /// <summary>Written as RFC 1035 says and read by the code under test.</summary>
    private static ResolverAnswer Respond(string name, ushort type, DnsCode code, string? negative, uint ttl, byte[][] data)
    {
        byte[] message =
        [
            0, 7, 0x81, (byte)(0x80 | (int)code), 0, 1, 0, (byte)data.Length, 0, (byte)(negative is null ? 0 : 1), 0, 0,
            .. TestQuery.Name(name), (byte)(type >> 8), (byte)type, 0, 1,
            .. data.SelectMany(d => (byte[])[0xC0, 12, (byte)(type >> 8), (byte)type, 0, 1, (byte)(ttl >> 24), (byte)(ttl >> 16), (byte)(ttl >> 8), (byte)ttl, (byte)(d.Length >> 8), (byte)d.Length, .. d]),
            .. negative is null ? [] : (byte[])[.. TestQuery.Name(negative), 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, .. new byte[20]],
        ];
        return new(DnsResponse.Read(message, 7, name, type) ?? throw new InvalidOperationException("The test's answer is none."), "It answered.");
    }

    private sealed class HandClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
