using System.Globalization;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks.Allocation;

/// <summary>
/// The steady paths allocate nothing: first each core's by itself, where a single byte in many thousand packets shows; then the pump's with TUN and sockets. Where
/// something is allocated for packets, the command fails.
/// </summary>
internal static class AllocationBenchmark
{
    public const string Usage = """
        allocation               bytes that the steady paths allocate for each packet; fails where there are any (needs root)
          --write FILE           put the report into this page
        """;

    /// <summary>Bytes for a packet that still count as none: the least object has 24, and the pump's questions and clock ticks cost it some.</summary>
    private const double None = 0.01;

    /// <param name="page">Where the report goes besides; null: nowhere.</param>
    public static int Run(string? page)
    {
        var found = CoreAllocation.Measure().ToList();
        var missing = Preflight.Missing(Need.Administration | Need.Tun | Need.IPv6 | Need.NetworkNamespaces);
        if (missing.Count > 0)
        {
            Console.Error.WriteLine(string.Join('\n', missing));
            return 1;
        }

        using (var belongings = new Belongings())
        {
            found.AddRange(PumpAllocation.Measure(belongings));
        }

        var table = new Table("path", "packets", "bytes in all", "bytes each");
        foreach (var one in found)
        {
            table.Add(one.Path, Show(one.Packets, "0"), Show(one.Bytes, "0"), Show(one.Each, "0.00"));
        }

        Page.Publish(page, new Section("Allocations")
            .Say("""
                What the steady paths allocate, by the runtime's own count of the thread at work. The command fails where it is not 0 bytes a packet. *Core*: packets handed to the core in batches. *Pump*: TCP through
                TUN, core and sockets in both directions, with all offloads; what there is in all comes of being asked, and of a timer now and then.
                """)
            .Quote(Machine.Command("allocation"))
            .Show(table));
        var wrong = found.Where(one => one.Each >= None || one.Packets == 0).ToList();
        wrong.ForEach(one => Console.Error.WriteLine(one.Packets == 0 ? $"Nothing went the path \"{one.Path}\"." : $"The path \"{one.Path}\" allocates {Show(one.Each, "0.00")} bytes a packet."));
        return wrong.Count == 0 ? 0 : 1;
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
