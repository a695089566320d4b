using Ntm.Node.Paths.Hard;
using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>The pure parts: what is believed of a NAT, which ports are foretold, what is sent where and when.</summary>
public sealed class PredictionTests
{
    private static readonly NatShape Easy = NatShape.Read(HardNat.Traits(HardNat.PortRestricted));
    private static readonly NatShape Stepped = NatShape.Read(HardNat.Traits(HardNat.Stepped));
    private static readonly NatShape Scattered = NatShape.Read(HardNat.Traits(HardNat.Scattered));
    private static readonly NatShape Preserving = NatShape.Read(HardNat.Traits(HardNat.Preserving));
    private static readonly NatShape FewPorts = NatShape.Read(HardNat.Traits(HardNat.PortSet));

    [Theory]
    [InlineData(1, 1024, 65535, 65534, "65535,1024,1025")]
    [InlineData(-2, 1024, 65535, 1027, "1025,65535,65533")]
    [InlineData(2, 40_000, 40_007, 40_004, "40006,40000,40002")]
    public void Stepped_ports_go_on_from_the_newest_and_round_the_end(int step, int first, int last, int latest, string next)
    {
        var nat = Stepped with { Step = step, FirstPort = first, LastPort = last };
        var predicted = PortPrediction.Of(nat, 5000, (ushort)latest, [], 0).Ports;
        Assert.Equal(next, string.Join(',', predicted.Take(3)));
        Assert.Equal(Limits.PredictedPorts, predicted.Count);
    }

    [Fact]
    public void What_is_foretold_depends_on_the_NAT()
    {
        Assert.Equal([5000], PortPrediction.Of(Easy, 5000, 7000, [1, 2], 0).Ports);
        Assert.Equal([33_000, 33_001], PortPrediction.Of(Preserving, 5000, 7000, [33_000, 33_001, 80], 0).Ports);
        Assert.Empty(PortPrediction.Of(Scattered, 5000, 7000, [33_000], 0).Ports);
        Assert.Empty(PortPrediction.Of(Stepped, 5000, 0, [], 0).Ports);
        var drawn = PortPrediction.Of(FewPorts, 5000, 7000, [], 12345).Ports;
        Assert.Equal(30, drawn.Distinct().Count());
        Assert.All(drawn, p => Assert.InRange(p, 40_000, 40_239));
    }

    [Theory]
    [InlineData(1024, 65535, 1024)]
    [InlineData(40_000, 40_239, 240)]
    [InlineData(5000, 5000, 1)]
    [InlineData(5000, 5001, 2)]
    public void A_sample_has_each_port_once(int first, int last, int count)
    {
        foreach (var draw in (ulong[])[0, 1, ulong.MaxValue, 0x1234_5678_9ABC_DEF0])
        {
            var ports = PortSample.Of(NatShape.Unknown with { FirstPort = first, LastPort = last }, count, draw).ToArray();
            Assert.Equal(count, ports.Distinct().Count());
            Assert.All(ports, p => Assert.InRange(p, first, last));
            Assert.Equal(last - first + 1, PortSample.Of(NatShape.Unknown with { FirstPort = first, LastPort = last }, int.MaxValue, draw).Count());
        }
    }

    [Theory]
    [InlineData("40010,40200,40100,40150", null)] // too few
    [InlineData("40010,40200,40100,40150,40150", null)]
    [InlineData("40010,40200,40100,40150,40170", "39915-40295")]
    [InlineData("1030,1040,1050,1060,1070", "1024-1102")]
    [InlineData("65530,65531,65532,65533,65535", "65498-65535")]
    [InlineData("40010,40200,40100,40150,42100", null)] // too wide
    public void Few_ports_are_told_by_their_lying_close(string seen, string? span)
    {
        var found = PortSpan.Of(seen.Split(',').Select(ushort.Parse));
        Assert.Equal(span, found is { } s ? $"{s.First}-{s.Last}" : null);
    }

    [Theory]
    [InlineData("100,101,102", 1, true)]
    [InlineData("100,130,135", 1, true)] // neighbours
    [InlineData("65535,1024", 1, false)] // taken for chance: it is the way of few NATs, and costs a search
    [InlineData("65534,2", 1, true)]
    [InlineData("100,98,96", -2, true)]
    [InlineData("100,98,99", -2, false)]
    [InlineData("100,300,301", 1, false)]
    [InlineData("", 1, true)]
    public void Counting_is_told_from_chance(string given, int step, bool counted) =>
        Assert.Equal(counted, PortSpan.AreCounted([.. given.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ushort.Parse)], step));

    /// <summary>Whatever a peer says of its NAT, it is read as something possible.</summary>
    [Fact]
    public void Nonsense_about_a_NAT_is_not_believed()
    {
        Assert.Equal(NatShape.Unknown, NatShape.Read(new NatTraits()));
        Assert.Equal(NatShape.Unknown, NatShape.Read(new NatTraits { Mapping = (NatMapping)77, Filtering = (NatFiltering)(-1), Allocation = (PortAllocation)9, Step = 5 }));
        foreach (var step in (int[])[0, 257, -257, int.MinValue, int.MaxValue])
        {
            var read = NatShape.Read(new NatTraits { Mapping = NatMapping.AddressAndPortDependent, Allocation = PortAllocation.Stepped, Step = step });
            Assert.Equal((PortAllocation.Scattered, 0), (read.Allocation, read.Step));
        }

        foreach (var (first, last) in ((uint, uint)[])[(0, 5000), (5000, 4000), (5000, 65_536), (1, 1000), (uint.MaxValue, uint.MaxValue), (5000, 0)])
        {
            Assert.False(NatShape.Read(new NatTraits { FirstPort = first, LastPort = last }).HasPortSet, $"{first}-{last}");
        }

        var low = NatShape.Read(new NatTraits { FirstPort = 80, LastPort = 2000 });
        Assert.Equal((1024, 2000, 64), (low.FirstPort, low.LastPort, low.MappingsMost));
        Assert.Equal(30, FewPorts.MappingsMost);
        Assert.Equal(1, (FewPorts with { LastPort = 40_003 }).MappingsMost);
    }

    [Fact]
    public void Who_opens_begins_at_once_and_who_searches_later_and_paced()
    {
        var plan = ProbePlan.Judge(Easy, Scattered);
        var searches = ProbeSchedule.Make(plan, true, Easy, [5000], Scattered, [9000], 0, Limits.ProbeDatagrams, 7);
        Assert.Equal(1024, searches.Steps.Select(s => s.Port).Distinct().Count());
        Assert.All(searches.Steps, s => Assert.Equal(0, s.Socket));
        Assert.Equal(Limits.ProbeLead, searches.Steps[0].After);
        Assert.Equal(Limits.ProbeLead + (1023 * Limits.ProbeSpacing), searches.Steps[^1].After);
        Assert.True(searches.IsLong);

        var opens = ProbeSchedule.Make(plan, false, Scattered, [], Easy, [5000], 64, Limits.ProbeDatagrams, 7);
        Assert.Equal(2 * 64, opens.Steps.Count); // each twice
        Assert.Equal(64, opens.Steps.Select(s => s.Socket).Distinct().Count());
        Assert.All(opens.Steps, s => Assert.Equal(5000, s.Port));
        Assert.Equal(searches.Lasts, opens.Lasts);
        Assert.Equal(TimeSpan.Zero, opens.Steps[0].After);

        Assert.Equal(100, ProbeSchedule.Make(plan, true, Easy, [5000], Scattered, [9000], 0, 100, 7).Steps.Count); // what the budget has
        Assert.All(ProbeSchedule.Make(plan, false, Scattered, [], Easy, [5000], 0, 1000, 7).Steps, s => Assert.Equal(0, s.Socket)); // no socket could be opened
        Assert.Empty(ProbeSchedule.Make(plan, false, Scattered, [], Easy, [], 64, 1000, 7).Steps); // the peer said no port
    }

    /// <summary>However many ports neighbours took on both sides together, up to a dozen, some probe of one is from where the other sends to.</summary>
    [Fact]
    public void Windows_meet_whatever_neighbours_took()
    {
        IReadOnlyList<ushort> ones = [.. Enumerable.Range(2000, 80).Select(p => (ushort)p)], others = [.. Enumerable.Range(3000, 80).Select(p => (ushort)p)];
        var plan = ProbePlan.Judge(Stepped, Stepped);
        var one = ProbeSchedule.Make(plan, true, Stepped, ones, Stepped, others, 1, 1000, 7).Steps.Take(64).ToArray();
        var other = ProbeSchedule.Make(plan, false, Stepped, others, Stepped, ones, 1, 1000, 7).Steps.Take(64).ToArray();
        for (var taken = 0; taken <= 12; taken++)
        {
            for (var byOnes = 0; byOnes <= taken; byOnes++)
            {
                var meets = one.Select((s, i) => (From: 2000 + i + byOnes, To: (int)s.Port))
                    .Intersect(other.Select((s, i) => (From: (int)s.Port, To: 3000 + i + taken - byOnes))).Count();
                Assert.True(meets > 0, $"{byOnes} taken on one side, {taken - byOnes} on the other");
            }
        }
    }

    [Theory]
    [InlineData(1, 15)]
    [InlineData(2, 600)]
    [InlineData(3, 1200)]
    [InlineData(6, 9600)]
    [InlineData(1000, 9600)]
    public void Trials_become_rare(int failures, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), ProbeHistory.PauseAfter(failures));

    [Fact]
    public void Only_where_coordinator_and_relay_saw_it_a_peer_may_be_probed()
    {
        var direction = new RouteDirection();
        Add(CandidateKind.CandidateMappedAtCoordinator, "198.51.100.1:5000");
        Add(CandidateKind.CandidateMappedAtRelay, "198.51.100.1:6000");
        Add(CandidateKind.CandidateMappedAtCoordinator, "198.51.100.2:5000"); // no relay
        Add(CandidateKind.CandidateMappedAtRelay, "198.51.100.3:5000"); // no coordinator
        Add(CandidateKind.CandidateLocal, "198.51.100.4:5000");
        Add(CandidateKind.CandidateMappedAtCoordinator, "10.0.0.1:5000"); // nobody knows whose
        Add(CandidateKind.CandidateMappedAtRelay, "10.0.0.1:5000");
        var seen = SeenHosts.Of(direction);
        Assert.Equal(
            [true, false, false, false, false],
            new[] { "198.51.100.1:9", "198.51.100.2:9", "198.51.100.3:9", "198.51.100.4:9", "10.0.0.1:9" }.Select(a => seen.Has(Address(a))));
        Assert.Equal(NatMapping.AddressAndPortDependent, Assert.Single(seen.All([])).Nat.Mapping);

        void Add(CandidateKind kind, string address) => direction.Candidates.Add(new Candidate { Kind = kind, Endpoint = Address(address).ToWire() });
    }

    private static RealAddress Address(string text) => RealAddress.TryParse(text, out var address) ? address : throw new FormatException(text);
}
