using Ntm.Interface;

namespace Ntm.Real.Tests.Gateway;

/// <summary>`ntm drill` and what the flight recorder makes of it, with the real programs.</summary>
public sealed class DrillTests
{
    [NeedsRootFact("ping", "curl")]
    public async Task An_uplink_is_taken_away_and_the_record_shows_what_became_of_the_tunnels()
    {
        using var world = new DrillWorld();
        world.Up();
        var uplink = world.Used()!;
        var other = uplink == "catv" ? "lte" : "catv";
        var printed = world.Ntm($"drill {uplink} --for 3s");
        Assert.Contains($"drill: {uplink} is lost (a drill takes it away) -> {other}", printed, StringComparison.Ordinal);
        var record = world.Handovers().First(r => r.Peer == "bob" && r.Drill);
        Assert.Equal(("uplink-lost", uplink, other, true), (record.Cause, record.From!.Uplink, record.To!.Uplink, record.To.Direct));
        Assert.NotNull(record.FirstOutMs);
        Assert.True(record.FirstBackMs >= record.FirstOutMs, $"{record}");
        Assert.Contains("first packet back by another path", world.Ntm($"handovers {record.Id}"), StringComparison.Ordinal);
        TestNamespace.WaitFor(() => world.Uplink(uplink).State != "unusable", "the uplink is back");

        // What was recorded is there after a restart, and the numbers go on.
        await world.Gateway.TerminateAsync();
        world.StartGateway();
        Assert.Equal(record.FirstBackMs, world.Handovers().Single(r => r.Id == record.Id).FirstBackMs);
    }

    [NeedsRootFact("ping", "curl")]
    public void An_uplink_that_swallows_everything_is_found_out() => IsFoundOut("both");

    [NeedsRootFact("ping", "curl")]
    public void An_uplink_that_swallows_what_goes_out_is_found_out() => IsFoundOut("out");

    [NeedsRootFact("ping", "curl")]
    public void An_uplink_that_swallows_what_comes_in_is_found_out() => IsFoundOut("in");

    [NeedsRootFact("ping", "curl")]
    public async Task A_drill_is_refused_where_it_makes_no_sense_and_ends_when_it_is_told_to()
    {
        using var world = new DrillWorld();
        world.Up();
        Assert.Contains("No uplink is called 'dsl'. There are: catv, lte.", world.Refused("drill dsl"), StringComparison.Ordinal);
        Assert.Contains("No drill is under way", world.Refused("drill stop"), StringComparison.Ordinal);

        var drill = world.Alice.Start($"{Ntm.Box.Os.Programs.Locate(AppContext.BaseDirectory).Ntm} --socket {world.Socket} drill catv --for 60s");
        TestNamespace.WaitFor(() => world.Drill().UnderWay, "the drill is under way");
        Assert.Contains("a drill takes it away", world.Uplink("catv").Reason, StringComparison.Ordinal);
        Assert.Contains("A drill of catv is under way", world.Refused("drill lte"), StringComparison.Ordinal);
        Assert.Contains("catv is back", world.Ntm("drill stop"), StringComparison.Ordinal);
        Assert.True(drill.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.Equal("it was stopped", world.Drill().Ended);

        // The other uplink goes while one is away: the drill gives its own back.
        world.Begin("catv", """{"seconds":60}""");
        world.Alice.Run("ip link set wan1 down");
        TestNamespace.WaitFor(() => world.Drill() is { UnderWay: false }, "the drill ends by itself");
        Assert.Equal("no other uplink is usable any more", world.Drill().Ended);
        Assert.Contains("catv is the only usable uplink", world.Refused("drill catv"), StringComparison.Ordinal);
        Assert.Contains("lte is not usable as it is", world.Refused("drill lte"), StringComparison.Ordinal);

        // Nothing of a drill outlives the program.
        world.Begin("catv", """{"seconds":60,"force":true}""");
        await world.Gateway.TerminateAsync();
        world.StartGateway();
        Assert.DoesNotContain("a drill", world.Uplink("catv").Reason, StringComparison.Ordinal);
        Assert.Null(world.Drill().Uplink);
    }

    private static void IsFoundOut(string way)
    {
        using var world = new DrillWorld();
        world.Up();
        var uplink = world.Used()!;
        world.Ntm($"drill {uplink} --for 12s --silent {way}");
        Assert.Equal("its time is over", world.Drill().Ended);
        var record = world.Handovers().First(r => r.Peer == "bob" && r.Drill);
        Assert.Contains(record.Cause, (string[])["silent", "peer-moved"]); // whoever finds it out first tells the other
        Assert.Equal(uplink, record.From!.Uplink);
        Assert.NotEqual(uplink, record.To?.Uplink);
        Assert.NotNull(record.FirstBackMs);
    }
}
