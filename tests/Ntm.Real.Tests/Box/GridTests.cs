namespace Ntm.Real.Tests.Box;

/// <summary>
/// A part of the real grid: pairs that go directly by IPv4 and by IPv6, and pairs that cannot. Its exit code says whether each went the way it goes in the simulation.
/// All of it is `ntm-box grid --real` (docs/connectivity.md).
/// </summary>
public sealed class GridTests
{
    [NeedsRootFact]
    public async Task PairsGoTheWayTheyGoInTheSimulation()
    {
        await using var run = BoxRun.Start("grid", "--real", "--kinds", "double NAT,symmetric,dual stack");

        Assert.True(await run.EndAsync() == 0, run.Said);
        Assert.Contains("6 pairs: ", run.Said, StringComparison.Ordinal);
        Assert.Contains(" 0 lost, 0 answered twice.", run.Said, StringComparison.Ordinal);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }

    [NeedsRootFact]
    public async Task NothingIsLeftWhenItIsInterrupted()
    {
        await using var run = BoxRun.Start("grid", "--real", "--kinds", "carrier NAT,same NAT with hairpin,IPv6 only");
        await run.UntilSaidAsync("[nats]");
        run.Signal("INT");

        Assert.True(await run.EndAsync() == 130, run.Said);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }
}
