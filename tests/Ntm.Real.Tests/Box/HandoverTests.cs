using System.Globalization;
using System.Text.RegularExpressions;

namespace Ntm.Real.Tests.Box;

/// <summary>
/// One small part of `ntm-box handover`: the real programs, two homes with several uplinks, one of which loses its carrier in the midst of a stream. How good it is, is measured
/// (docs/handover.md); here the stream goes on, and the box is gone afterwards.
/// </summary>
public sealed partial class HandoverTests
{
    /// <summary>For a machine as busy as any: milliseconds, and packets of some 5,000.</summary>
    private const int LongestGap = 5_000, MostLost = 2_500;

    [NeedsRootFact]
    public async Task A_stream_goes_on_when_the_uplink_it_is_on_loses_its_carrier()
    {
        await using var run = BoxRun.Start("handover", "--rows", "carrier", "--rounds", "1", "--rate", "500");

        Assert.True(await run.EndAsync() == 0, run.Said);
        var round = Round().Match(run.Said);
        Assert.True(round.Success && Number(1) > 3_000, run.Said);
        Assert.True(Number(2) <= MostLost, run.Said);
        Assert.Equal(0, Number(3));
        Assert.True(Number(4) <= LongestGap, run.Said);
        Assert.DoesNotContain("IT DID NOT GO ON", run.Said, StringComparison.Ordinal);
        Assert.Contains("download whole", run.Said, StringComparison.Ordinal);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));

        int Number(int group) => int.Parse(round.Groups[group].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
    }

    [NeedsRootFact]
    public async Task Nothing_is_left_when_it_is_interrupted()
    {
        await using var run = BoxRun.Start("handover", "--rows", "stall", "--rounds", "5", "--rate", "500");
        await run.UntilSaidAsync("[stall]");
        run.Signal("INT");

        Assert.True(await run.EndAsync() == 130, run.Said);
        Assert.Empty(BoxRun.RemainsOf(run.Copy));
    }

    [GeneratedRegex("([0-9,]+) packets: ([0-9,]+) lost, ([0-9,]+) twice, .* gap ([0-9,]+) ms")]
    private static partial Regex Round();
}
