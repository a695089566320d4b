using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;

namespace Ntm.Benchmarks.Measurements;

/// <summary>All that was measured: a sample for each contestant, setting of the wire and figure, with a value a round.</summary>
internal sealed class Figures
{
    private readonly Dictionary<(string Contestant, WireSetting Setting, Figure Figure), Sample> _samples = [];

    /// <summary>An empty sample where nothing was measured.</summary>
    public Sample this[string contestant, WireSetting setting, Figure figure] => _samples.TryGetValue((contestant, setting, figure), out var sample) ? sample : new Sample();

    public void Add(string contestant, WireSetting setting, Figure figure, double value)
    {
        var key = (contestant, setting, figure);
        if (!_samples.TryGetValue(key, out var sample))
        {
            _samples[key] = sample = new Sample();
        }

        sample.Add(value);
    }
}
