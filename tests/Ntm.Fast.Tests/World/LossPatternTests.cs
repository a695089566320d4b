using System.Globalization;
using System.Numerics;
using System.Text;
using Ntm.Node;
using Ntm.Simulation;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.World;

/// <summary>
/// Every loss pattern of the first ten datagrams after a name was asked for: question, relay's pairing, directions, acknowledgements, tunnel requests and responses,
/// first packets. Times are simulated; the NATs' kinds and latencies are those of <see cref="TwoHomes"/>.
/// </summary>
public sealed class LossPatternTests(ITestOutputHelper output)
{
    private const int Datagrams = 10;
    private static readonly TimeSpan MostForOneLost = TimeSpan.FromMilliseconds(300);

    [Fact]
    public void Every_loss_pattern_of_the_first_ten_datagrams_ends_with_an_answered_packet()
    {
        var restarts = new Restarts(NatKind.PortRestricted, NatKind.PortRestricted);
        var runs = Enumerable.Range(0, 1 << Datagrams).Select(restarts.Run).ToArray();
        output.WriteLine(Table(runs));
        Assert.All(runs, r => Assert.True(r.Refusals <= 2, $"{r}: it was refused too often"));
        OneLostIsCheap(runs);
        Assert.True(runs.Max(r => r.Took) < TimeSpan.FromSeconds(6), Table(runs));
    }

    [Theory]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric)]
    [InlineData(NatKind.EndpointIndependent, NatKind.Symmetric)]
    [InlineData(NatKind.None, NatKind.AddressRestricted)]
    public void One_lost_datagram_anywhere_costs_300_ms_at_most(NatKind alices, NatKind bobs)
    {
        var restarts = new Restarts(alices, bobs);
        var runs = new[] { 0 }.Concat(Enumerable.Range(0, 2 * Datagrams).Select(i => 1 << i)).Select(restarts.Run).ToArray();
        output.WriteLine(Table(runs));
        OneLostIsCheap(runs);
    }

    private static void OneLostIsCheap(Run[] runs)
    {
        var none = runs.Single(r => r.Pattern == 0);
        Assert.All(runs.Where(r => r.Lost == 1), r => Assert.True(
            r.Refusals == 0 && r.Took - none.Took <= MostForOneLost, $"{r}\nwithout loss: {none}"));
    }

    private static string Table(Run[] runs)
    {
        var text = new StringBuilder("lost  patterns  refused  worst, from the question to the answered packet\n");
        foreach (var group in runs.GroupBy(r => r.Lost).OrderBy(g => g.Key))
        {
            var worst = group.MaxBy(r => r.Took)!;
            text.Append(CultureInfo.InvariantCulture,
                $"{group.Key,4}  {group.Count(),8}  {group.Count(r => r.Refusals > 0),7}  {worst.Took.TotalMilliseconds,6:0} ms  {worst.Picture}\n");
        }

        return text.ToString();
    }

    /// <param name="Refusals">How often the name was refused before it was found; each time it is asked for again at once, as people do.</param>
    private sealed record Run(int Pattern, int Refusals, TimeSpan Took)
    {
        public int Lost => BitOperations.PopCount((uint)Pattern);

        /// <summary>The datagrams in order: x is lost.</summary>
        public string Picture => new([.. Enumerable.Range(0, Math.Max(Datagrams, 32 - BitOperations.LeadingZeroCount((uint)Pattern))).Select(i => (Pattern >> i & 1) == 1 ? 'x' : '.')]);

        public override string ToString() => $"{Picture}: {Took.TotalMilliseconds:0} ms, refused {Refusals} times";
    }

    /// <summary>One world; for each run both homes start anew and have forgotten one another.</summary>
    private sealed class Restarts
    {
        private readonly TwoHomes _homes;
        private readonly Counting _counting = new();

        public Restarts(NatKind alices, NatKind bobs)
        {
            _homes = new TwoHomes(alices, bobs);
            _homes.World.Flow.IsRecording = false;
            foreach (var wire in new[] { _homes.Alice.Home.Wire, _homes.Bob.Home.Wire }
                .Concat(_homes.Zone.Relays.Values.Select(r => _homes.World.Backbone.WireOf(r.Host))).Append(_homes.World.Backbone.WireOf(_homes.Zone.CoordinatorHost)))
            {
                wire.Middlemen.Add(_counting);
            }
        }

        public Run Run(int pattern)
        {
            foreach (var router in new[] { _homes.Alice, _homes.Bob })
            {
                router.Start(w => w.Collection is not ("peer" or "pin" or "name"));
            }

            // Registered at coordinator and relay, and the coordinator knows what the relay saw.
            _homes.World.RunFor(TimeSpan.FromMilliseconds(700));
            Assert.Equal((true, true), (_homes.Alice.Status.Member!.Registered, _homes.Bob.Status.Member!.Registered));
            Assert.Empty(_homes.Alice.Status.Peers);
            var asked = _homes.World.Clock.Elapsed;
            _counting.Begin(pattern);
            var refusals = 0;
            for (NameAnswer answer; (answer = _homes.Ask("nas.bob.home.example")).Verdict != NameVerdict.Found; refusals++)
            {
                // Honest: no coordinator answered, and that is what is said.
                Assert.True(answer.Verdict == NameVerdict.NoCoordinator && refusals < 5, $"{pattern:b}: {answer.Reason}");
            }

            _homes.Resolved();
            var before = _homes.Tv.Received.Count;
            for (var i = 0; _homes.Tv.Received.Count == before; i++)
            {
                Assert.True(i < 500, $"pattern {pattern:b}: no packet was answered in 10 s");
                _homes.Tv.SendUdp(_homes.Alias, 5000, 7, BitConverter.GetBytes(i));
                _homes.World.RunUntil(() => _homes.Tv.Received.Count > before, TimeSpan.FromMilliseconds(20));
            }

            _counting.End();
            return new(pattern, refusals, _homes.World.Clock.Elapsed - asked);
        }
    }

    /// <summary>Numbers datagrams as they leave their senders, and loses those of the pattern.</summary>
    private sealed class Counting : Middleman
    {
        private int _pattern;
        private int _count;

        public void Begin(int pattern) => (_pattern, _count) = (pattern, 0);

        public void End() => _pattern = 0;

        public override void Pass(SimDatagram datagram, bool outbound, Action<TimeSpan, SimDatagram> onward)
        {
            if (!outbound || _count >= 32 || (_pattern >> _count++ & 1) == 0)
            {
                onward(TimeSpan.Zero, datagram);
            }
        }
    }
}
