using Ntm.Fast.Tests.Convention;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Every pair of network kinds connects, as docs/connectivity.md says it does.</summary>
public sealed class GridTests
{
    private const string Page = "docs/connectivity.md";
    private const string WriteAnew = "ntm-box grid --simulated --write docs/connectivity.md";

    [Fact]
    public void Each_kind_of_network_is_described()
    {
        var page = File.ReadAllText(Path.Combine(House.Root(), Page));
        Assert.All(NetworkKinds.All, kind => Assert.Contains($"| {kind.Name()} | ", page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_simulated_grid_is_the_one_in_the_docs()
    {
        var now = GridText.Of(SimulatedGrid.Measure());
        var written = GridPage.Simulated(File.ReadAllText(Path.Combine(House.Root(), Page)));
        Assert.True(now == written, $"{Page} has another grid. Where that is as it should be: {WriteAnew}\nThe first lines that differ:\n{Difference(written ?? "", now)}");
    }

    private static string Difference(string written, string now)
    {
        var (old, fresh) = (written.Split('\n'), now.Split('\n'));
        return string.Join('\n', old.Except(fresh).Take(12).Select(l => "- " + l).Concat(fresh.Except(old).Take(12).Select(l => "+ " + l)));
    }
}
