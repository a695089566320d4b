using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>When a path is checked.</summary>
public sealed class PeerPathTests
{
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);

    [Fact]
    public void A_check_of_the_peers_brings_ours_forward_but_not_closer_than_50_ms()
    {
        var path = new PeerPath(new WirePath(0, RealAddress.FromIPv4(0xC000_0201, 4916), 0), PathKind.Mapped);
        path.Schedule(Start, Limits.CheckRounds);
        path.Checked(Start);
        Assert.Equal(Start + Limits.CheckSpacing, path.NextCheck);

        for (var i = 1; i < 50; i++)
        {
            path.CheckInReturn(Start + TimeSpan.FromMilliseconds(i));
            Assert.Equal((Start + Limits.CheckInReturnSpacing, Limits.CheckRounds - 1), (path.NextCheck, path.RoundsLeft));
        }

        path.Checked(path.NextCheck);
        path.CheckInReturn(Start + TimeSpan.FromMilliseconds(220));
        Assert.Equal(Start + TimeSpan.FromMilliseconds(220), path.NextCheck);
    }

    [Fact]
    public void A_check_of_the_peers_begins_another_round_where_ours_is_over()
    {
        var path = new PeerPath(new WirePath(0, RealAddress.FromIPv4(0xC000_0201, 4916), 0), PathKind.Mapped);
        path.CheckInReturn(Start);
        Assert.Equal((Start, Limits.CheckRounds), (path.NextCheck, path.RoundsLeft));
    }
}
