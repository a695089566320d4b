using Ntm.Node.Paths;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Node;

/// <summary>Reports as they are written, and as hostile ones are read.</summary>
public sealed class ReportFormTests
{
    private readonly CounterRange[] _missing = new CounterRange[Limits.ReportRanges];

    [Fact]
    public void What_is_written_is_read_and_always_fits_one_datagram()
    {
        var dice = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var floor = (ulong)dice.NextInt64();
            var at = floor;
            var missing = new List<CounterRange>();
            for (var n = dice.Next(Limits.ReportRanges + 1); n > 0; n--)
            {
                missing.Add(new(at + (ulong)dice.Next(n == 1 ? 1 : 0, 120), (ulong)dice.Next(1, 120)));
                at = missing[^1].End + 1;
            }

            var receipt = new Receipt((uint)dice.Next(), floor, at + 1);
            var report = ReportForm.Of(receipt, missing.ToArray());
            Assert.True(ReportForm.TryRead(report, _missing, out var read, out var ranges));
            Assert.Equal(receipt, read);
            Assert.Equal(missing, _missing[..ranges]);
            Assert.True(report.CalculateSize() < 256);
        }
    }

    [Theory]
    [InlineData(5UL, 4UL)]                                        // the floor above the highest
    [InlineData(0UL, 10UL, 1UL)]                                  // half a range
    [InlineData(0UL, 10UL, 1UL, 0UL)]                             // empty
    [InlineData(0UL, 10UL, 11UL, 1UL)]                            // beyond the highest
    [InlineData(0UL, 10UL, 0UL, 11UL)]                            // the highest did come
    [InlineData(0UL, 10UL, ulong.MaxValue, 2UL)]                  // overflows
    [InlineData(0UL, 10UL, 2UL, ulong.MaxValue)]
    [InlineData(5UL, ulong.MaxValue, 1UL, 1UL, ulong.MaxValue - 6, 1UL)]
    public void Hostile_reports_are_refused(ulong floor, ulong highest, params ulong[] missing) =>
        Assert.False(ReportForm.TryRead(new PathReport { Floor = floor, Highest = highest, Missing = { missing } }, _missing, out _, out _));

    [Fact]
    public void Too_many_ranges_are_refused()
    {
        var report = new PathReport { Highest = 10_000 };
        report.Missing.AddRange(Enumerable.Repeat(1UL, 2 * Limits.ReportRanges));
        Assert.True(ReportForm.TryRead(report, _missing, out _, out _));
        report.Missing.AddRange([1, 1]);
        Assert.False(ReportForm.TryRead(report, _missing, out _, out _));
    }

    [Fact]
    public void Whatever_is_read_keeps_to_what_the_tunnel_relies_on()
    {
        var dice = new Random(2);
        ulong Any() => dice.Next(4) switch { 0 => (ulong)dice.Next(4), 1 => (ulong)dice.Next(1000), 2 => ulong.MaxValue - (ulong)dice.Next(4), _ => (ulong)dice.NextInt64() };
        for (var i = 0; i < 100_000; i++)
        {
            var report = new PathReport { Floor = Any(), Highest = Any() };
            for (var n = dice.Next(8); n > 0; n--)
            {
                report.Missing.Add(Any());
            }

            if (!ReportForm.TryRead(report, _missing, out var receipt, out var ranges))
            {
                continue;
            }

            var end = receipt.Floor;
            foreach (var range in _missing[..ranges])
            {
                Assert.True(range.Length > 0 && range.First >= end && range.End > range.First && range.End <= receipt.Highest);
                end = range.End;
            }
        }
    }

    [Fact]
    public void A_flood_of_reports_is_not_looked_at()
    {
        var duty = new ReportDuty();
        var boot = TimeSpan.FromHours(1);
        var taken = Enumerable.Range(0, 10_000).Count(i => duty.TryTake(boot + TimeSpan.FromMilliseconds(i / 10.0)));
        Assert.InRange(taken, 250, 260);
    }
}
