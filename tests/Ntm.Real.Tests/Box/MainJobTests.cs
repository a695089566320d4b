namespace Ntm.Real.Tests.Box;

/// <summary>
/// The main job works, and its sentences are made from what was observed: break something it rests on, from outside and unknown to the programs,
/// and it fails and names the step.
/// </summary>
public sealed class MainJobTests
{
    [NeedsRootFact]
    public async Task TheMainJobWorks()
    {
        await using var run = BoxRun.Start("once", "--size", "4");

        Assert.True(await run.EndAsync() == 0, run.Said);
        Assert.DoesNotContain("FAILED", run.Said, StringComparison.Ordinal);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }

    [NeedsRootFact]
    public Task WithoutANatItFailsAtTheNats() => FailsAsync("Nat", "nats");

    [NeedsRootFact]
    public Task WithoutTheRelayItFailsAtTheFirstContact() => FailsAsync("Relay", "name", "first-contact");

    [NeedsRootFact]
    public Task WithoutTranslationItFailsAtTheFirstContact() => FailsAsync("Translation", "first-contact");

    [NeedsRootFact]
    public Task WithTheDirectWayBlockedItFailsAtTheDirectPath() => FailsAsync("Direct", "direct");

    [NeedsRootFact]
    public Task WithASecondUplinkThatCarriesNothingItFailsWhenTheFirstIsUnplugged() => FailsAsync("Uplink", "unplugged");

    [NeedsRootFact]
    public Task WithoutTheInterfaceThatStaysItFailsAtTheCrashOfTheGateway() => FailsAsync("Interface", "gateway-crash");

    [NeedsRootFact]
    public Task WithAFileThatDiffersItFailsAtTheDownload() => FailsAsync("File", "direct");

    [NeedsRootFact]
    public Task WithWrongKeysInTheNtmRecordItFailsAtTheShare() => FailsAsync("Record", "share");

    private static async Task FailsAsync(string breakage, params string[] steps)
    {
        await using var run = BoxRun.Start("once", "--size", "1", "--break", breakage);

        Assert.True(await run.EndAsync() == 1, run.Said);
        var failure = run.Said.Split('\n').Single(l => l.StartsWith("FAILED", StringComparison.Ordinal));
        Assert.True(steps.Any(s => failure.Contains($", {s}:", StringComparison.Ordinal)), run.Said);
        Assert.DoesNotContain("steps worked", run.Said, StringComparison.Ordinal);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }
}
