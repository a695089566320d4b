using System.Globalization;
using Ntm.Benchmarks.Relaying;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks.Scaling;

/// <summary>What becomes of throughput, of the first packet's time and of memory as a node's tunnels grow in number. Rounds are interleaved.</summary>
internal static class ScaleBenchmark
{
    public const string Usage = """
        scale [--rounds N] [--seconds N] [--tunnels N,N,...] [--write FILE]
          --rounds   interleaved rounds, 3 unless told
          --seconds  of each measurement, 2 unless told
          --tunnels  of one node, 1,10,100,1000 unless told
          --write    put the report into this page
        """;

    /// <summary>Peers without a tunnel, each asked once in a round.</summary>
    private const int Fresh = 5;

    private const int LoadsProcessor = 0, HubsProcessor = 1;

    public static int Run(string[] options)
    {
        var (rounds, seconds, page) = (3, 2.0, (string?)null);
        int[] sizes = [1, 10, 100, 1000];
        for (var i = 0; i < options.Length; i += 2)
        {
            var value = i + 1 < options.Length ? options[i + 1] : "";
            var isRead = options[i] switch
            {
                "--rounds" => int.TryParse(value, out rounds) && rounds > 0,
                "--seconds" => double.TryParse(value, CultureInfo.InvariantCulture, out seconds) && seconds > 0,
                "--tunnels" => (sizes = [.. value.Split(',').Select(n => int.TryParse(n, out var size) ? size : 0)]).All(n => n is > 0 and <= 4000),
                "--write" => (page = value).Length > 0,
                _ => false,
            };
            if (!isRead)
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }
        }

        var missing = Preflight.Missing(Need.Administration | Need.Tun | Need.IPv6 | Need.NetworkNamespaces);
        if (missing.Count > 0 || Environment.ProcessorCount < 2)
        {
            Console.Error.WriteLine(missing.Count > 0 ? string.Join('\n', missing) : "A node and its peers need a processor each.");
            return 1;
        }

        Page.Publish(page, Measure(rounds, TimeSpan.FromSeconds(seconds), sizes));
        return 0;
    }

    public static Section Measure(int rounds, TimeSpan time, IReadOnlyList<int> sizes)
    {
        var results = sizes.ToDictionary(size => size, _ => new Results());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var size in sizes)
            {
                Processor.On(LoadsProcessor, () => Round(size, time, results[size]));
                Console.Error.WriteLine($"round {round}, {size} tunnels: {results[size]}");
            }
        }

        var section = new Section("As work grows")
            .Say(
                $"One node (the gateway's core, TUN and socket in a process and on a processor of its own) with so many tunnels that stand; {ScaleWorld.Payload:N0}-byte datagrams out of its TUN, in runs of 16, "
                + "as fast as they arrive, to all peers in turn and to one of them. The first packet goes to a peer with which there is no tunnel: handshake included, to its answer.")
            .Say(string.Create(CultureInfo.InvariantCulture, $"`scale`, {rounds} interleaved rounds of {time.TotalSeconds:0.#} s."));
        var traffic = new Table("tunnels", "Gb/s over all", "CPU s per GB", "Gb/s over one", "CPU s per GB");
        var rest = new Table("tunnels", "first packet, ms", "in a standing tunnel, ms", "resident MB", "after traffic", "managed heap, MB");
        foreach (var size in sizes)
        {
            var its = results[size];
            traffic.Add($"{size:N0}", its.All.Show(), its.AllCost.Show(), its.One.Show(), its.OneCost.Show());
            rest.Add($"{size:N0}", its.First.Show(), its.Standing.Show(), its.Resident.Show("0"), its.ResidentAfter.Show("0"), its.Heap.Show("0.0"));
        }

        return section.Show(traffic).Show(rest);
    }

    private static bool Round(int size, TimeSpan time, Results results)
    {
        using var world = new ScaleWorld(size, Fresh, HubsProcessor);
        results.Resident.Add(world.ResidentMegabytes);
        WarmUp(world, size);
        var (all, one) = (world.Send(time, size), world.Send(time, 1));
        results.All.Add(all.Gigabits(ScaleWorld.Payload));
        results.AllCost.Add(all.SecondsPerGigabyte(ScaleWorld.Payload));
        results.One.Add(one.Gigabits(ScaleWorld.Payload));
        results.OneCost.Add(one.SecondsPerGigabyte(ScaleWorld.Payload));
        results.Standing.Add(new Sample(Enumerable.Range(0, 50).Select(i => world.Echo(fresh: false, i))).Median);
        results.First.Add(new Sample(Enumerable.Range(0, Fresh).Select(i => world.Echo(fresh: true, i))).Median);
        results.ResidentAfter.Add(world.ResidentMegabytes);
        results.Heap.Add(world.HeapMegabytes);
        return true;
    }

    // Until the code is compiled for good: what a gigabyte costs falls no more.
    private static void WarmUp(ScaleWorld world, int size)
    {
        const int most = 12;
        var (second, best, without) = (TimeSpan.FromSeconds(1), double.MaxValue, 0);
        for (var i = 0; i < most && without < 2; i++)
        {
            var cost = world.Send(second, size).SecondsPerGigabyte(ScaleWorld.Payload);
            without = cost < 0.95 * best ? 0 : without + 1;
            best = Math.Min(best, cost);
        }
    }

    private sealed class Results
    {
        public Sample All { get; } = new();

        public Sample AllCost { get; } = new();

        public Sample One { get; } = new();

        public Sample OneCost { get; } = new();

        public Sample First { get; } = new();

        public Sample Standing { get; } = new();

        public Sample Resident { get; } = new();

        public Sample ResidentAfter { get; } = new();

        public Sample Heap { get; } = new();

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{All.Last:0.00} Gb/s over all, {One.Last:0.00} over one; first packet {First.Last:0.00} ms, {Standing.Last:0.00} in a standing tunnel; {ResidentAfter.Last:0} MB resident, {Heap.Last:0.0} MB heap");
    }
}
