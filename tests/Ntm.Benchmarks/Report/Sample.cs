using System.Globalization;

namespace Ntm.Benchmarks.Report;

/// <summary>Figures of one kind, one a round: what is said of them is their median and their range.</summary>
internal sealed class Sample
{
    private readonly List<double> _values = [];

    public Sample(params IEnumerable<double> values) => _values.AddRange(values);

    public int Count => _values.Count;

    public double Last => _values[^1];

    public double Lowest => _values.Min();

    public double Highest => _values.Max();

    /// <summary>NaN where there is none.</summary>
    public double Median => Of(0.5);

    /// <summary>The range in parts of the median: how noisy the rounds were.</summary>
    public double Spread => (Highest - Lowest) / Median;

    public void Add(double value) => _values.Add(value);

    /// <summary>A quantile by linear interpolation between the two figures next to it.</summary>
    /// <param name="share">0 to 1; 0.5 is the median.</param>
    public double Of(double share) => Of([.. _values.Order()], share);

    /// <param name="sorted">Figures in rising order.</param>
    public static double Of(IReadOnlyList<double> sorted, double share)
    {
        if (sorted.Count == 0)
        {
            return double.NaN;
        }

        var at = share * (sorted.Count - 1);
        var below = (int)at;
        return below + 1 < sorted.Count ? sorted[below] + ((sorted[below + 1] - sorted[below]) * (at - below)) : sorted[below];
    }

    /// <summary>"3.21 (3.05-3.40)"; "-" where there is none; without a range where there is one figure only.</summary>
    /// <param name="format">Of each number.</param>
    public string Show(string format = "0.00")
    {
        string Number(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return Count switch { 0 => "-", 1 => Number(Last), _ => $"{Number(Median)} ({Number(Lowest)}-{Number(Highest)})" };
    }

    /// <summary>The ratio of each round: what else the machine did in it fell on both. Rounds that only one of them has are left out.</summary>
    public static Sample Ratios(Sample above, Sample below) =>
        new(above._values.Zip(below._values).Where(pair => pair.Second != 0).Select(pair => pair.First / pair.Second));

    /// <summary>What one has more than the other, a round each.</summary>
    public static Sample Differences(Sample more, Sample less) => new(more._values.Zip(less._values).Select(pair => pair.First - pair.Second));

    /// <summary>Each multiplied.</summary>
    public Sample Times(double factor) => new(_values.Select(value => value * factor));

    /// <summary>The median alone: "3.21", or "-" where there is none.</summary>
    public string Middle(string format = "0.00") => Count == 0 ? "-" : Median.ToString(format, CultureInfo.InvariantCulture);
}
