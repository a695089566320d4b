using Ntm.Fast.Tests.Convention;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Handover;

/// <summary>Handovers are as docs/handover.md says.</summary>
public sealed class MovesGridTests
{
    private const string Page = "docs/handover.md";

    [Fact]
    public void The_simulated_handovers_are_the_ones_in_the_docs()
    {
        var now = MovesGrid.Text(MovesGrid.Measure());
        var written = MovesGrid.On(File.ReadAllText(Path.Combine(House.Root(), Page)));
        Assert.True(now == written, $"{Page} has other handovers. Where that is as it should be: ntm-box handover --simulated --write {Page}\n{now}");
    }
}
