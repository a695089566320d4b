using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

public sealed class PathChoiceTests
{
    private static readonly RealAddress Somewhere = RealAddress.FromIPv4(0xCB00_7101, 4000);
    private byte _next;

    [Fact]
    public void Nothing_proven_leaves_things_as_they_are()
    {
        var relay = Unproven(PathKind.Relay);
        var direct = Unproven(PathKind.Mapped);
        Assert.Null(PathChoice.Decide([relay, direct], null, null).Path);
        Assert.Same(relay, PathChoice.Decide([relay, direct], relay, null).Path);
    }

    [Fact]
    public void Direct_comes_before_relay_however_slow()
    {
        var relay = Proven(PathKind.Relay, 10);
        var direct = Proven(PathKind.PeerReflexive, 300);
        var choice = PathChoice.Decide([relay, direct], relay, null);
        Assert.Same(direct, choice.Path);
        Assert.Equal("direct: both directions are proven, 300.0 ms round trip", choice.Reason);
    }

    [Fact]
    public void The_relay_is_used_with_the_directions_reason()
    {
        var relay = Proven(PathKind.Relay, 10);
        var choice = PathChoice.Decide([relay, Unproven(PathKind.Mapped)], null, "both NATs map by destination");
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
        Assert.Same(changes ? better : used, PathChoice.Decide([used, better], used, null).Path);
    }

    [Fact]
    public void A_silent_direct_path_is_kept_until_it_failed_and_left_for_a_proven_direct_one_at_once()
    {
        var relay = Proven(PathKind.Relay, 10);
        var silent = Proven(PathKind.Mapped, 20);
        silent.Suspect(TimeSpan.FromSeconds(1));
        Assert.Same(silent, PathChoice.Decide([relay, silent], silent, null).Path);
        var other = Proven(PathKind.PeerReflexive, 500);
        Assert.Same(other, PathChoice.Decide([relay, silent, other], silent, null).Path);
        silent.Fail();
        Assert.Same(relay, PathChoice.Decide([relay, silent], silent, null).Path);
    }

    private PeerPath Unproven(PathKind kind) => new(new WirePath(0, Somewhere.WithPort((ushort)(4000 + _next++)), kind == PathKind.Relay ? 7u : 0), kind);

    private PeerPath Proven(PathKind kind, int milliseconds)
    {
        var path = Unproven(kind);
        path.Answered(TimeSpan.Zero, TimeSpan.FromMilliseconds(milliseconds));
        return path;
    }
}
