using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;

namespace Ntm.Benchmarks.Measurements;

/// <summary>One thing that is measured of each contestant in each round.</summary>
/// <param name="Key">As options call it.</param>
/// <param name="EachSetting">Whether the setting of the wire makes a difference; else it is measured once a round.</param>
/// <param name="Shown">The figure that is told while it runs.</param>
/// <param name="Round">Measures for that long and puts down what it found.</param>
internal sealed record Measurement(string Key, bool EachSetting, Figure Shown, Action<Contestant, WireSetting, TimeSpan, Figures> Round)
{
    private const int PacketsASecond = 5000;

    /// <summary>All of them, in the order in which they are made.</summary>
    public static IReadOnlyList<Measurement> All =>
    [
        new("tcp", true, Figure.OneStream, (contestant, setting, duration, figures) =>
        {
            foreach (var (streams, throughput, ends, machine) in new[]
            {
                (1, Figure.OneStream, Figure.OneStreamEnds, Figure.OneStreamMachine), (4, Figure.FourStreams, Figure.FourStreamsEnds, Figure.FourStreamsMachine),
            })
            {
                var time = new ProcessorTime(contestant);
                var (gigabits, gigabytes) = Iperf.Run(contestant, duration, streams);
                figures.Add(contestant.Name, setting, throughput, gigabits);
                figures.Add(contestant.Name, setting, machine, time.Machine / gigabytes);
                if (contestant.Ends.Count > 0)
                {
                    figures.Add(contestant.Name, setting, ends, time.Ends / gigabytes);
                }
            }
        }),
        new("packets", true, Figure.PacketRate, (contestant, setting, duration, figures) =>
        {
            var before = figures[contestant.Name, setting, Figure.PacketRate];
            var search = new RateSearch(before.Count == 0 ? 50_000 : before.Last * 900, before.Count == 0 ? 12 : 8);
            using var stream = new Stream(contestant);
            while (search.Next is { } rate)
            {
                search.Tell(stream.Send(rate, duration / 8));
            }

            figures.Add(contestant.Name, setting, Figure.PacketRate, search.Best / 1000);
        }),
        new("idle", false, Figure.IdleMedian, (contestant, setting, duration, figures) =>
        {
            var trips = RoundTrips.Measure(contestant, duration);
            figures.Add(contestant.Name, setting, Figure.IdleMedian, trips.Median);
            figures.Add(contestant.Name, setting, Figure.IdleWorst, trips.Of(0.99));
        }),
        new("loaded", true, Figure.LoadedWorst, (contestant, setting, duration, figures) =>
        {
            var lead = TimeSpan.FromMilliseconds(500);
            var bulk = Task.Run(() => Iperf.Run(contestant, duration + lead * 2, 1));
            Thread.Sleep(lead);
            var trips = RoundTrips.Measure(contestant, duration);
            bulk.GetAwaiter().GetResult();
            figures.Add(contestant.Name, setting, Figure.LoadedMedian, trips.Median);
            figures.Add(contestant.Name, setting, Figure.LoadedWorst, trips.Of(0.99));
        }),
        new("mixed", true, Figure.MixedWorst, (contestant, setting, duration, figures) =>
        {
            var lead = TimeSpan.FromMilliseconds(500);
            var bulk = Task.Run(() => Iperf.Run(contestant, duration + lead * 2, 1));
            Thread.Sleep(lead);
            var flows = Task.Run(() => ShortFlows.Run(contestant, duration));
            using var stream = new Stream(contestant);
            var delays = new List<double>((int)(duration.TotalSeconds * PacketsASecond) + 100);
            var result = stream.Send(PacketsASecond, duration, delays);
            figures.Add(contestant.Name, setting, Figure.MixedBulk, bulk.GetAwaiter().GetResult().Gigabits);
            figures.Add(contestant.Name, setting, Figure.MixedLoss, result.Loss * 100);
            figures.Add(contestant.Name, setting, Figure.MixedWorst, new Sample(delays).Of(0.99));
            figures.Add(contestant.Name, setting, Figure.MixedFlow, flows.GetAwaiter().GetResult().Median);
        }),
    ];
}
