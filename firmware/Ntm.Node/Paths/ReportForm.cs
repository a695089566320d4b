using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Node.Paths;

/// <summary>The layout of a <see cref="PathReport"/>: ranges from the floor on, each as its distance from the end of the one before, and its length.</summary>
internal static class ReportForm
{
    public static PathReport Of(in Receipt receipt, ReadOnlySpan<CounterRange> missing)
    {
        var report = new PathReport { Key = receipt.Key, Floor = receipt.Floor, Highest = receipt.Highest };
        var end = receipt.Floor;
        foreach (var range in missing)
        {
            report.Missing.Add(range.First - end);
            report.Missing.Add(range.Length);
            end = range.End;
        }

        return report;
    }

    /// <summary>Reads one that a peer sent.</summary>
    /// <param name="missing">Room for <see cref="Limits.ReportRanges"/>.</param>
    /// <returns>False where it is not as <see cref="Of"/> makes it: too many ranges, ranges that are empty, or beyond the highest, which came.</returns>
    public static bool TryRead(PathReport report, Span<CounterRange> missing, out Receipt receipt, out int ranges)
    {
        ranges = 0;
        receipt = new(report.Key, report.Floor, report.Highest);
        var numbers = report.Missing;
        if (report.Floor > report.Highest || numbers.Count % 2 != 0 || numbers.Count > 2 * Limits.ReportRanges)
        {
            return false;
        }

        var end = report.Floor;
        for (var i = 0; i < numbers.Count; i += 2)
        {
            var (gap, length) = (numbers[i], numbers[i + 1]);
            if (gap > report.Highest - end || length == 0 || length > report.Highest - end - gap)
            {
                return false;
            }

            missing[ranges++] = new(end + gap, length);
            end += gap + length;
        }

        return true;
    }
}
