using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

public sealed class ServerPathChoiceTests
{
    private static readonly WirePath Catv = Path(0), Wifi = Path(1), Lte = Path(2);

    [Fact]
    public void Without_a_way_there_is_none() => Assert.True(ServerPathChoice.Decide([], default, null).Path.IsNone);

    [Fact]
    public void Where_none_is_in_use_one_that_works_comes_first_and_then_the_rank()
    {
        Assert.Equal(Lte, ServerPathChoice.Decide([new(Catv, 0, false), new(Lte, 2, true)], default, null).Path);
        Assert.Equal(Catv, ServerPathChoice.Decide([new(Lte, 2, false), new(Catv, 0, false)], default, null).Path);
        Assert.Equal(Wifi, ServerPathChoice.Decide([new(Lte, 2, true), new(Wifi, 1, true)], Catv, null).Path); // of one that is gone
    }

    [Fact]
    public void The_one_in_use_is_left_for_a_better_rank_that_works_and_for_nothing_else()
    {
        Assert.Equal(Catv, ServerPathChoice.Decide([new(Catv, 0, true), new(Lte, 2, false)], Lte, null).Path);
        Assert.Equal(Lte, ServerPathChoice.Decide([new(Catv, 0, false), new(Lte, 2, false)], Lte, null).Path);
        Assert.Equal(Lte, ServerPathChoice.Decide([new(Catv, 2, true), new(Lte, 2, false)], Lte, null).Path);
        Assert.Equal(Lte, ServerPathChoice.Decide([new(Catv, 3, true), new(Lte, 2, false)], Lte, null).Path);
    }

    [Fact]
    public void A_second_relay_runs_by_another_uplink_than_the_first()
    {
        Assert.Equal(Wifi, ServerPathChoice.Decide([new(Catv, 0, false), new(Wifi, 1, true), new(Lte, 2, true)], Catv, 0).Path);
        Assert.Equal(Catv, ServerPathChoice.Decide([new(Catv, 0, false), new(Wifi, 1, false)], Catv, 0).Path);
    }

    private static WirePath Path(int uplink) => new(uplink, RealAddress.FromIPv4(0xCB00_7101, 4916), 0);
}
