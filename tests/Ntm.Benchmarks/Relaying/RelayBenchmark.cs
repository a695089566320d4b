using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks.Relaying;

/// <summary>
/// Relay forwarding against coturn's, and TCP through our relay against TCP directly, each on one processor with its load on the other. Rounds are interleaved, so that what else the
/// machine does falls on all alike.
/// </summary>
internal static class RelayBenchmark
{
    public const string Usage = """
        relay [--rounds N] [--seconds N] [--window N] [--only forwarding|tcp] [--load TEXT] [--write FILE]
          --rounds   interleaved rounds, 5 unless told
          --seconds  of each measurement, 2 unless told
          --window   datagrams on their way at once, 1024 unless told
          --only     one of the two measurements
          --load     of forwarding, only the loads in whose description TEXT is
          --write    put the report into this page
        """;

    /// <summary>What bulk data is sealed into: 1,400 bytes and what a tunnel adds.</summary>
    private const int Length = 1432;

    private const int Channels = 16, LoadsProcessor = 0, RelaysProcessor = 1;

    public static int Run(string[] options)
    {
        var (rounds, seconds, window, only, load, page) = (5, 2.0, 1024, "", "", (string?)null);
        for (var i = 0; i < options.Length; i += 2)
        {
            var value = i + 1 < options.Length ? options[i + 1] : "";
            var isRead = options[i] switch
            {
                "--rounds" => int.TryParse(value, out rounds) && rounds > 0,
                "--seconds" => double.TryParse(value, CultureInfo.InvariantCulture, out seconds) && seconds > 0,
                "--window" => int.TryParse(value, out window) && window >= 64,
                "--only" => (only = value) is "forwarding" or "tcp",
                "--load" => (load = value).Length > 0,
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
            Console.Error.WriteLine(missing.Count > 0 ? string.Join('\n', missing) : "A relay and its load need a processor each.");
            return 1;
        }

        var sections = new List<Section>();
        if (only != "tcp")
        {
            sections.Add(Forwarding(rounds, TimeSpan.FromSeconds(seconds), window, load));
        }

        if (only != "forwarding")
        {
            sections.Add(Tcp(rounds, seconds));
        }

        Page.Publish(page, sections);

        return 0;
    }

    /// <summary>TCP, one stream, through our relay and past it.</summary>
    public static Section Tcp(int rounds, double seconds)
    {
        var section = new Section("TCP through a relay")
            .Say("One stream between two nodes. Both nodes and both ends of the stream are on one processor, the relay is on the other; past it, that one is idle.")
            .Say(string.Create(CultureInfo.InvariantCulture, $"`relay --only tcp`, {rounds} interleaved rounds of {seconds:0.#} s."));
        var table = new Table("frames", "path", "Gb/s", "relayed : direct", "CPU s per GB, both nodes", "relay");
        foreach (var frames in Enum.GetValues<Frames>())
        {
            using var belongings = new Belongings();
            var relayed = new TcpPair(belongings, true, frames, LoadsProcessor, RelaysProcessor);
            var direct = new TcpPair(belongings, false, frames, LoadsProcessor, RelaysProcessor);
            for (var round = 0; round <= rounds; round++)
            {
                relayed.Round(seconds, round > 0); // the first only warms up
                direct.Round(seconds, round > 0);
            }

            foreach (var pair in new[] { relayed, direct })
            {
                table.Add(
                    Say(frames), pair.IsRelayed ? "relayed" : "direct", pair.Gigabits.Show(), pair.IsRelayed ? Sample.Ratios(pair.Gigabits, direct.Gigabits).Show() : "",
                    pair.NodesSecondsPerGigabyte.Show(), pair.RelaySecondsPerGigabyte.Show());
            }
        }

        return section.Show(table);
    }

    /// <summary>Datagrams one way, through our relay and through coturn.</summary>
    public static Section Forwarding(int rounds, TimeSpan time, int window, string only)
    {
        var section = new Section("Relay forwarding")
            .Say($"{Length:N0}-byte datagrams one way; the relay has one processor, what sends and receives has the other; {window:N0} datagrams are on their way at once, so that none is lost. coturn (Debian's) relays ChannelData.")
            .Say("""
                Frames: *offloads* is veth's own way, super-packets stay in one piece; *single frames, GRO* is a network card without offloads of its own as Linux sets it up, frames are merged on receipt
                for who has asked for it, as our relay does; *single frames* are not merged. *UDP_SEGMENT* and *one a call* is how the sender sends; *in turn* is each datagram on another channel, to another receiver.
                """)
            .Say(string.Create(CultureInfo.InvariantCulture, $"`relay --only forwarding`, {rounds} interleaved rounds of {time.TotalSeconds:0.#} s."));
        var table = new Table("load", "relay", "Gb/s", "1,000 packets/s", "CPU s per GB", "ours : coturn", "CPU, coturn : ours");
        foreach (var frames in Enum.GetValues<Frames>())
        {
            var loads = new[] { (1, true), (1, false), (Channels, true), (Channels, false) }.Where(l => Say(frames, l.Item1, l.Item2).Contains(only, StringComparison.Ordinal)).ToArray();
            if (loads.Length == 0)
            {
                continue;
            }

            using var belongings = new Belongings();
            var rig = new Rig(belongings, frames);
            IForwarder[] forwarders =
            [
                belongings.Add(() => new OurForwarder(rig.LeftSide, rig.Middle, rig.RightSide, Channels, Length, RelaysProcessor)),
                belongings.Add(() => new Coturn(rig.LeftSide, rig.Middle, rig.RightSide, Channels, Length, RelaysProcessor)),
            ];
            WarmUp(forwarders[0], window);
            foreach (var (channels, segmenting) in loads)
            {
                var what = Say(frames, channels, segmenting);
                var results = forwarders.Select(_ => (Gigabits: new Sample(), Packets: new Sample(), Cost: new Sample())).ToArray();
                for (var round = 0; round <= rounds; round++)
                {
                    for (var i = 0; i < forwarders.Length; i++)
                    {
                        var load = new Load(forwarders[i], window);
                        forwarders[i].Renew();
                        var result = Processor.On(LoadsProcessor, () => load.Run(time, channels, segmenting));
                        if (round > 0) // the first only warms up
                        {
                            results[i].Gigabits.Add(result.Gigabits(Length));
                            results[i].Packets.Add(result.PacketsPerSecond / 1000);
                            results[i].Cost.Add(result.SecondsPerGigabyte(Length));
                        }
                    }
                }

                for (var i = 0; i < forwarders.Length; i++)
                {
                    table.Add(
                        what, forwarders[i].Name, results[i].Gigabits.Show(), results[i].Packets.Show("0"), results[i].Cost.Show(),
                        i == 0 ? Sample.Ratios(results[0].Gigabits, results[1].Gigabits).Show() : "", i == 0 ? Sample.Ratios(results[1].Cost, results[0].Cost).Show() : "");
                }

                Console.Error.WriteLine($"{what}: " + string.Join(" · ", results.Select((r, i) => $"{forwarders[i].Name} {r.Gigabits.Show()} Gb/s")) + " · " + forwarders[0].Process.Ask(""));
            }
        }

        return section.Show(table);
    }

    // Until our code is compiled for good: what a gigabyte costs falls no more.
    private static void WarmUp(IForwarder forwarder, int window)
    {
        const int most = 10;
        var (load, best, without) = (new Load(forwarder, window), double.MaxValue, 0);
        for (var i = 0; i < most && without < 2; i++)
        {
            var cost = Processor.On(LoadsProcessor, () => load.Run(TimeSpan.FromSeconds(1), 1 + (i % 2 * (Channels - 1)), segmenting: true)).SecondsPerGigabyte(Length);
            without = cost < 0.95 * best ? 0 : without + 1;
            best = Math.Min(best, cost);
        }
    }

    private static string Say(Frames frames, int channels, bool segmenting) =>
        $"{Say(frames)}, {(channels == 1 ? "1 channel" : $"{channels} channels in turn")}, "
        + (segmenting ? "UDP_SEGMENT" : "one a call");

    private static string Say(Frames frames) => frames switch { Frames.Whole => "offloads", Frames.Merged => "single frames, GRO", _ => "single frames" };
}
