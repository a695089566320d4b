using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;

namespace Ntm.Benchmarks.Report;

/// <summary>What `path` found, as sections of docs/performance.md.</summary>
internal sealed class PathReport(PathOptions options, IReadOnlyList<string> contestants, Figures figures, IReadOnlyDictionary<string, (double Now, double Most)> memory)
{
    private readonly string? _wireGuard = contestants.Where(name => name.StartsWith("wireguard-go", StringComparison.Ordinal)).Max(StringComparer.Ordinal);

    public static string Name(WireSetting setting) => setting == WireSetting.Offloads ? "the wire with offloads" : "single frames";

    /// <param name="load">The load average before anything was started.</param>
    /// <param name="leftOut">Sentences about who does not take part, and why.</param>
    public IEnumerable<Section> Sections(string load, IReadOnlyList<string> leftOut)
    {
        yield return TheRun(load, leftOut);
        if (InShort() is { Rows: > 0 } ratios)
        {
            yield return new Section("In short").Say("""
                Ratios of ours to the others, round by round: median (lowest-highest). Of throughput and packets more is better, of processor time and latency less.
                """).Show(ratios);
        }

        if (Has(Figure.OneStream))
        {
            yield return Tcp();
        }

        if (Has(Figure.PacketRate))
        {
            yield return SmallPackets();
        }

        if (Has(Figure.IdleMedian) || Has(Figure.LoadedMedian))
        {
            yield return Latency();
        }

        if (Has(Figure.MixedBulk))
        {
            yield return Mixed();
        }

        if (memory.Count > 0)
        {
            yield return Memory();
        }
    }

    private Section TheRun(string load, IReadOnlyList<string> leftOut)
    {
        var section = new Section("Whole paths: the machine and the run")
            .Say($"{Machine.Today()}: {Machine.Describe()}. Both ends of the test, both ends of the tunnel and the kernel between them share these cores.")
            .Say("To do it again: `tests/benchmarks.sh` installs what is missing and writes all of this page; as root, with what is there, this section and those after it up to memory come from")
            .Quote(Machine.Command(["path", .. options.Words.Select(WithoutFolder)]));
        var spreads = options.Settings.Select(setting => (setting, Sample: figures[Roster.Plain, setting, Figure.OneStream])).Where(pair => pair.Sample.Count > 1)
            .Select(pair => Text($"{pair.Sample.Spread * 100:0} % with {Name(pair.setting)}"));
        var noise = string.Join(", ", spreads);
        return section
            .Say(Text($"{options.Rounds} round{(options.Rounds == 1 ? "" : "s")}, {options.Duration.TotalSeconds:0} s each measurement; in a round each contestant is measured once, one after the other. ")
                + $"How noisy it was: the load average at the start was {load}" + (noise.Length > 0 ? $"; the plain veth's TCP throughput varied by {noise} of its median (highest less lowest)." : ".")
                + string.Concat(leftOut.Select(sentence => $" {sentence}")))
            .Say("""
                The wire is a pair of virtual network cards between two namespaces. *The wire with offloads*: the kernel hands on up to 64 KB in one piece, as it does between containers. *Single frames*:
                segmentation is switched off on it, each frame of 1,500 bytes crosses alone, as between network cards. Inside, the MTU is 1420 for all from host to host.

                - **ours, ...**: TUN, pump and tunnel table at both ends, from host to host, as wireguard-go has it. **null cipher**: the same path with all of a tunnel's work but encrypting.
                - **homes, ...**: the product. Two gateways that joined a coordinator's zone, a LAN device behind each, published by name: device proxy, admission, path choice. IPv4 to IPv4 is translated at both ends, and inside the tunnel IPv6.
                  They use AES-256-GCM where the processor has instructions for it, else ChaCha20-Poly1305.
                - **wireguard-go** 0.0.20220316 is Debian 12's, 0.0.20230223 that of its backports, which uses offloads as we do. **nebula** (AES-256-GCM), **openvpn** (AES-256-GCM, UDP) and **tinc** 1.0 (AES-256-CBC) are Debian 12's.
                - **veth, no tunnel**: what the machine can do with nothing in between.
                """);
    }

    private Table InShort()
    {
        var table = new Table(["", .. options.Settings.Select(Name)]);
        void Row(string what, Func<string, WireSetting, Sample> of, string above, string? below)
        {
            var ratios = options.Settings.Select(setting => below is null ? new Sample() : Sample.Ratios(of(above, setting), of(below, setting))).ToList();
            if (ratios.Any(ratio => ratio.Count > 0))
            {
                table.Add([what, .. ratios.Select(ratio => ratio.Show())]);
            }
        }

        foreach (var ours in new[] { Roster.Ours, Roster.OursAes })
        {
            foreach (var (what, figure) in new[]
            {
                ("TCP, 1 stream", Figure.OneStream), ("TCP, 4 streams", Figure.FourStreams), ("64-byte packets", Figure.PacketRate), ("processor time per GB", Figure.OneStreamEnds),
                ("round trip beside TCP, 99 %", Figure.LoadedWorst),
            })
            {
                Row($"{what}: {ours} to {_wireGuard}", (name, setting) => figures[name, setting, figure], ours, _wireGuard);
            }

            Row($"latency added, idle: {ours} to {_wireGuard}", (name, setting) => Added(name, setting, Figure.IdleMedian), ours, _wireGuard);
            Row($"TCP, 1 stream: {ours} to our path with a null cipher", (name, setting) => figures[name, setting, Figure.OneStream], ours, Roster.Null);
        }

        Row("TCP, 1 stream: homes by IPv4 to homes by IPv6", (name, setting) => figures[name, setting, Figure.OneStream], Roster.Homes4, Roster.Homes6);
        return table;
    }

    private Section Tcp()
    {
        var section = new Section("TCP").Say("""
            iperf3, Gb/s. *ours : it* is the ratio of ours, ChaCha20-Poly1305, to the row; *: wireguard-go* that of the row to the newest wireguard-go. Processor time is in seconds for each GB carried: *ends*
            is what both tunnel processes used, *machine* all that any processor did, the kernel's own work and the two iperf3 included.
            """);
        foreach (var setting in options.Settings)
        {
            section.Head($"Throughput, {Name(setting)}").Show(Rated(setting, ("1 stream", Figure.OneStream, "0.00"), ("4 streams", Figure.FourStreams, "0.00")));
            section.Head($"Processor time per GB, {Name(setting)}").Show(Plainly(
                setting, ("ends, 1 stream", Figure.OneStreamEnds, "0.0", true), ("machine, 1 stream", Figure.OneStreamMachine, "0.0", false),
                ("ends, 4 streams", Figure.FourStreamsEnds, "0.0", true), ("machine, 4 streams", Figure.FourStreamsMachine, "0.0", false)));
        }

        return section;
    }

    private Section SmallPackets()
    {
        var section = new Section("Small packets").Say("""
            Thousands of packets a second in one direction of which less than 1 % are lost. A packet has 64 bytes inside the tunnel, IP and UDP headers included; each is sent as one, nothing is joined by the sender.
            What arrives later than 50 ms after the last was sent counts as lost. The row without a tunnel is the generator's own limit.
            """);
        options.Settings.ToList().ForEach(setting => section.Head($"Small packets, {Name(setting)}").Show(Rated(setting, ("thousands a second", Figure.PacketRate, "0"))));
        return section;
    }

    private Section Latency()
    {
        var section = new Section("Latency").Say("""
            Small UDP packets every 10 ms to an echo at the other end. *Idle*: what the tunnel adds in one direction, which is half of the round trip less half of that without a tunnel, in microseconds.
            *Beside TCP*: the round trip while a TCP stream fills the path, in milliseconds; half of the packets, and 99 %, are back by then.
            """);
        var setting = options.Settings[^1];
        if (Has(Figure.IdleMedian))
        {
            var table = new Table("idle", "added, median, µs", "added, 99 %, µs", "round trip, median, µs", ": wireguard-go");
            foreach (var name in contestants)
            {
                table.Add(
                    name, Added(name, setting, Figure.IdleMedian).Show("0"), Added(name, setting, Figure.IdleWorst).Show("0"), figures[name, setting, Figure.IdleMedian].Times(1000).Show("0"),
                    _wireGuard is null ? "-" : Sample.Ratios(Added(name, setting, Figure.IdleMedian), Added(_wireGuard, setting, Figure.IdleMedian)).Middle());
            }

            section.Head("Idle").Show(table);
        }

        foreach (var each in options.Settings.Where(_ => Has(Figure.LoadedMedian)))
        {
            section.Head($"Beside TCP, {Name(each)}").Show(Plainly(each, ("median, ms", Figure.LoadedMedian, "0.00", true), ("99 %, ms", Figure.LoadedWorst, "0.00", true)));
        }

        return section;
    }

    // Microseconds in one direction, round by round; nothing for who adds nothing.
    private Sample Added(string name, WireSetting setting, Figure figure) =>
        name == Roster.Plain ? new Sample() : Sample.Differences(figures[name, setting, figure], figures[Roster.Plain, setting, figure]).Times(500);

    private Section Mixed()
    {
        var section = new Section("Mixed flows").Say(Text($"""
            At once: a TCP stream (Gb/s), 5,000 64-byte packets a second (how many are lost, and within how long 99 % of those that come arrive, one way), and {ShortFlows.AtOnce} short flows at a
            time, each fetching {ShortFlows.Bytes / 1000} KB over a TCP connection of its own (how long half of them take).
            """));
        options.Settings.ToList().ForEach(setting => section.Head($"Mixed flows, {Name(setting)}").Show(Plainly(
            setting, ("TCP, Gb/s", Figure.MixedBulk, "0.00", false), ("packets lost, %", Figure.MixedLoss, "0.00", false), ("packets, 99 %, ms", Figure.MixedWorst, "0.00", true),
            ("short flow, ms", Figure.MixedFlow, "0.0", true))));
        return section;
    }

    private Section Memory()
    {
        var table = new Table("", "now", "most");
        foreach (var name in contestants.Where(memory.ContainsKey))
        {
            table.Add(name, memory[name].Now.ToString("0", CultureInfo.InvariantCulture), memory[name].Most.ToString("0", CultureInfo.InvariantCulture));
        }

        return new Section("Memory").Say("MB resident of one end's process after all rounds, and the most it had (VmRSS and VmHWM).").Show(table);
    }

    private Table Rated(WireSetting setting, params (string Heading, Figure Figure, string Format)[] columns)
    {
        var table = new Table(["", .. columns.SelectMany(column => (string[])[column.Heading, "ours : it", ": wireguard-go"])]);
        foreach (var name in contestants)
        {
            table.Add([name, .. columns.SelectMany(column => (string[])
                [
                    figures[name, setting, column.Figure].Show(column.Format),
                    Sample.Ratios(figures[Roster.Ours, setting, column.Figure], figures[name, setting, column.Figure]).Middle(),
                    Compared(name, setting, column.Figure),
                ])]);
        }

        return table;
    }

    private Table Plainly(WireSetting setting, params (string Heading, Figure Figure, string Format, bool Rated)[] columns)
    {
        var table = new Table(["", .. columns.SelectMany(column => column.Rated ? (string[])[column.Heading, ": wireguard-go"] : [column.Heading])]);
        foreach (var name in contestants.Where(name => columns.Any(column => figures[name, setting, column.Figure].Count > 0)))
        {
            table.Add([name, .. columns.SelectMany(column =>
            {
                var shown = figures[name, setting, column.Figure].Show(column.Format);
                return column.Rated ? (string[])[shown, Compared(name, setting, column.Figure)] : [shown];
            })]);
        }

        return table;
    }

    private string Compared(string name, WireSetting setting, Figure figure) =>
        _wireGuard is null ? "-" : Sample.Ratios(figures[name, setting, figure], figures[_wireGuard, setting, figure]).Middle();

    private bool Has(Figure figure) => contestants.Any(name => options.Settings.Any(setting => figures[name, setting, figure].Count > 0));

    // Where programs lie on this machine is nobody's business.
    private static string WithoutFolder(string word) => Path.IsPathRooted(word) ? $"PATH/{Path.GetFileName(word)}" : word;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
