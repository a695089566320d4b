namespace Ntm.Real.Tests.Box;

/// <summary>The box leaves nothing behind, however it ends, and two copies do not disturb each other.</summary>
public sealed class BoxRemovalTests
{
    [NeedsRootFact]
    public async Task TwoCopiesStandBesideEachOtherAndNothingOfThemIsLeft()
    {
        await using var one = BoxRun.Start("nats");
        await using var other = BoxRun.Start("nats");

        Assert.True(await one.EndAsync() == 0, one.Said);
        Assert.True(await other.EndAsync() == 0, other.Said);

        Assert.NotEqual(one.Copy, other.Copy);
        Assert.Contains("endpoint-independent mapping, address-dependent filtering", one.Said, StringComparison.Ordinal);
        Assert.Contains("address-and-port-dependent mapping, address-and-port-dependent filtering", one.Said, StringComparison.Ordinal);
        Assert.Empty(BoxRun.RemainsOf(one.Copy));
        Assert.Empty(BoxRun.RemainsOf(other.Copy));
    }

    [NeedsRootFact]
    public async Task NothingIsLeftAfterAnInterruption()
    {
        foreach (var signal in (string[])["INT", "TERM", "HUP"])
        {
            await using var run = BoxRun.Start("once", "--size", "1"); // what only looks at NATs may be through before the signal comes
            await run.UntilSaidAsync("[nats]");
            run.Signal(signal);

            Assert.True(await run.EndAsync() == 130, run.Said);
            Assert.Empty(BoxRun.RemainsOf(run.Copy));
        }
    }

    [NeedsRootFact]
    public async Task WhatAKilledCopyLeftIsRemovedAndALivingOneIsLeftAlone()
    {
        await using var living = BoxRun.Start("nats");
        await living.UntilSaidAsync("[nats]"); // so that it is not this one's start that removes the other
        await using var killed = BoxRun.Start("once", "--size", "1");
        await killed.UntilSaidAsync("[nats]");
        killed.Signal("KILL");
        await killed.EndAsync();
        Assert.NotEmpty(BoxRun.RemainsOf(killed.Copy));

        var (code, said) = await BoxRun.ToEndAsync("down");

        Assert.True(code == 0, said);
        Assert.Empty(BoxRun.RemainsOf(killed.Copy));
        Assert.True(await living.EndAsync() == 0, living.Said);
    }

    [NeedsRootFact]
    public async Task DownEndsTheCopyItIsGiven()
    {
        await using var run = BoxRun.Start("once", "--size", "1");
        await run.UntilSaidAsync("[nats]");

        var (code, said) = await BoxRun.ToEndAsync("down", run.Copy);

        Assert.True(code == 0, said);
        Assert.Equal(130, await run.EndAsync());
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }
}
