using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

public sealed class PathChoiceTests
{
    private static readonly RealAddress Somewhere = RealAddress.FromIPv4(0xCB00_7101, 4000);
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(1);
    private byte _next;

    [Fact]
    public void Nothing_proven_leaves_things_as_they_are()
    {
        var relay = Unproven(PathKind.Relay);
        var direct = Unproven(PathKind.Mapped);
        Assert.Null(PathChoice.Decide([relay, direct], null, null, Later).Path);
        Assert.Same(relay, PathChoice.Decide([relay, direct], relay, null, Later).Path);
    }

    [Fact]
    public void Direct_comes_before_relay_however_slow()
    {
        var relay = Proven(PathKind.Relay, 10);
        var direct = Proven(PathKind.PeerReflexive, 300);
        var choice = PathChoice.Decide([relay, direct], relay, null, Later);
        Assert.Same(direct, choice.Path);
        Assert.Equal("direct: both directions are proven, 300.0 ms round trip", choice.Reason);
    }

    [Fact]
    public void The_relay_is_used_with_the_directions_reason()
    {
        var relay = Proven(PathKind.Relay, 10);
        var choice = PathChoice.Decide([relay, Unproven(PathKind.Mapped)], null, "both NATs map by destination", Later);
        Assert.Same(relay, choice.Path);
        Assert.Equal("relay: both NATs map by destination, 10.0 ms round trip", choice.Reason);
    }

    [Theory]
    [InlineData(100, 90, false)]   // 10 %
    [InlineData(100, 79, true)]
    [InlineData(10, 6, false)]     // 40 %, but 4 ms
    [InlineData(10, 4, true)]
    [InlineData(10, 10, false)]
    public void Another_direct_path_must_be_clearly_faster(int current, int other, bool changes)
    {
        var used = Proven(PathKind.Mapped, current);
        var better = Proven(PathKind.Local, other);
        Assert.Same(changes ? better : used, PathChoice.Decide([used, better], used, null, Later).Path);
    }

    [Fact]
    public void A_silent_path_is_doubled_and_not_left_until_it_failed()
    {
        var relay = Proven(PathKind.Relay, 10);
        var silent = Proven(PathKind.Mapped, 20);
        silent.Suspect(TimeSpan.FromSeconds(1));
        var other = Proven(PathKind.PeerReflexive, 500);
        Assert.Same(silent, PathChoice.Decide([relay, silent, other], silent, null, Later).Path);
        Assert.Same(other, PathChoice.Other([relay, silent, other], silent));
        silent.Fail();
        var choice = PathChoice.Decide([relay, silent], silent, null, Later);
        Assert.Same(relay, choice.Path);
        Assert.Equal("relay: the direct path is silent, 10.0 ms round trip", choice.Reason);
    }

    [Fact]
    public void The_owners_order_of_uplinks_comes_first()
    {
        var catv = Proven(PathKind.Relay, 60);
        var lte = Proven(PathKind.Mapped, 5);
        lte.Rank = 1;
        Assert.Same(catv, PathChoice.Decide([lte, catv], null, null, Later).Path);
        Assert.Same(catv, PathChoice.Decide([lte, catv], lte, null, Later).Path);
        Assert.Same(catv, PathChoice.Decide([lte, catv], catv, null, Later).Path);
    }

    [Fact]
    public void A_path_of_a_better_rank_is_taken_only_once_it_has_worked_for_a_while()
    {
        var lte = Proven(PathKind.Mapped, 5);
        lte.Rank = 1;
        var catv = Unproven(PathKind.Mapped);
        catv.Answered(Later, TimeSpan.FromMilliseconds(60));
        Assert.Same(lte, PathChoice.Decide([lte, catv], lte, null, Later + Limits.FailBackAfter - TimeSpan.FromMilliseconds(1)).Path);
        Assert.Same(catv, PathChoice.Decide([lte, catv], lte, null, Later + Limits.FailBackAfter).Path);

        // Where the one in use fails, nobody waits.
        lte.Fail();
        Assert.Same(catv, PathChoice.Decide([lte, catv], lte, null, Later).Path);
    }

    [Fact]
    public void What_stands_in_for_a_silent_path_has_neither_uplink_nor_address_in_common_with_it()
    {
        var silent = Proven(PathKind.Mapped, 20);
        var sameUplink = Proven(PathKind.Mapped, 1);
        var elsewhere = new PeerPath(new WirePath(1, RealAddress.FromIPv4(0xCB00_7155, 4000), 0), PathKind.Mapped) { Rank = 3 };
        elsewhere.Answered(TimeSpan.Zero, TimeSpan.FromMilliseconds(90));
        silent.Suspect(Later);
        Assert.Same(elsewhere, PathChoice.Other([sameUplink, silent, elsewhere], silent));
        Assert.Same(sameUplink, PathChoice.Other([sameUplink, silent], silent));
        Assert.Null(PathChoice.Other([silent, Unproven(PathKind.Local)], silent));
        var relay = Unproven(PathKind.Relay);
        Assert.Same(relay, PathChoice.Other([silent, relay, Unproven(PathKind.Local)], silent));
    }

    private PeerPath Unproven(PathKind kind) => new(new WirePath(0, Somewhere.WithPort((ushort)(4000 + _next++)), kind == PathKind.Relay ? 7u : 0), kind);

    private PeerPath Proven(PathKind kind, int milliseconds)
    {
        var path = Unproven(kind);
        path.Answered(TimeSpan.Zero, TimeSpan.FromMilliseconds(milliseconds));
        return path;
    }
}
