using Ntm.Cli.Text;
using Ntm.Fast.Tests.Interface;

namespace Ntm.Fast.Tests.Handover;

/// <summary>What `ntm handovers` says in words, word for word.</summary>
public sealed class HandoversTextTests
{
    [Fact]
    public void The_list() => Is(
        """
        2026-03-01 14:03:07 UTC  catv is lost (the interface wan0 has no carrier) -> lte: 3 tunnels, first out within 3.2 ms, first back within 64 ms, 1 lost, 35 sent again
          NUMBER  TUNNEL WITH   NOW BY       FIRST OUT  FIRST BACK  SILENCE  SENT AGAIN  LATE  LOST  END
          14      bob           lte, direct  0.4 ms     48 ms       49 ms    31          12    0     settled
          15      carol         lte, relay   3.2 ms     64 ms       65 ms    4           2     1     settled
          16      rs1 (server)  lte, direct  -          -           0 ms     0           0     0     moved while idle

        2026-03-01 14:12:07 UTC  drill: lte is silent (nothing was acknowledged for 212 ms); nothing was changed
          NUMBER  TUNNEL WITH  NOW BY  FIRST OUT  FIRST BACK  SILENCE  SENT AGAIN  LATE  LOST  END
          17      bob          -       -          -           341 ms   0           0     0     near miss

        2026-03-01 15:03:07 UTC  lte is lost (the interface wan1 has no carrier); no other path was found
          NUMBER  TUNNEL WITH  NOW BY  FIRST OUT  FIRST BACK  SILENCE  SENT AGAIN  LATE  LOST  END
          18      bob          -       -          -           60.0 s   0           0     0     failed

        """, output => HandoversText.Write(SampleHandovers.All, output));

    [Fact]
    public void A_carrier_that_was_lost() => IsOne(
        """
        Handover 14: the tunnel with bob, 2026-03-01 14:03:07 UTC
              0 ms  noticed on catv, direct to 198.51.100.80:41641: the interface wan0 has no carrier
              0 ms  decided: lte, direct to 198.51.100.80:41641 (direct: the best that is left)
            0.4 ms  first packet out on another path
             48 ms  first packet back by another path

        The tunnel goes by the new path.
        Longest silence of bob: 49 ms.
        Sent again: 31. Acknowledged only after that: 12. Lost: 0.

        """, 14);

    [Fact]
    public void A_path_that_did_not_work_and_the_next() => IsOne(
        """
        Handover 15: the tunnel with carol, 2026-03-01 14:03:07 UTC
              0 ms  noticed on catv, direct to 198.51.100.80:41641: the interface wan0 has no carrier
            3.2 ms  first packet out on another path
             64 ms  first packet back by another path
            750 ms  decided on another path
           3011 ms  decided: lte, by the relay at 203.0.113.20:4916 (relay: no direct path is proven)

        The tunnel goes by the new path.
        2 paths were decided on, one after the other.
        Longest silence of carol: 65 ms.
        Sent again: 4. Acknowledged only after that: 2. Lost: 1. Sent on two paths at once: 6.

        """, 15);

    [Fact]
    public void An_idle_tunnel_of_a_server() => IsOne(
        """
        Handover 16: the tunnel with rs1 (server), 2026-03-01 14:03:07 UTC
              0 ms  noticed on catv, direct to 203.0.113.20:4916: the interface wan0 has no carrier
            1.0 ms  decided: lte, direct to 203.0.113.20:4916 (the best uplink on which it answers)

        The tunnel was idle; it goes by the new path.
        Sent again: 0. Lost: 0.

        """, 16);

    [Fact]
    public void A_near_miss_in_a_drill() => IsOne(
        """
        Handover 17: the tunnel with bob, 2026-03-01 14:12:07 UTC, in a drill
              0 ms  noticed on lte, direct to 198.51.100.80:41641: nothing was acknowledged for 212 ms

        A near miss: the path answered again, and nothing was changed.
        Longest silence of bob: 341 ms.
        Sent again: 0. Lost: 0. Sent on two paths at once: 70.

        """, 17);

    [Fact]
    public void No_other_path() => IsOne(
        """
        Handover 18: the tunnel with bob, 2026-03-01 15:03:07 UTC
              0 ms  noticed on lte, direct to 198.51.100.80:41641: the interface wan1 has no carrier

        No other path was found.
        Longest silence of bob: 60.0 s.
        Sent again: 0. Lost: 0.

        """, 18);

    [Fact]
    public void Nothing_yet() => Is(
        "No handover is remembered: no tunnel has changed its path. Try one: ntm drill UPLINK\n", output => HandoversText.Write([], output));

    private static void IsOne(string expected, int id) => Is(expected, output => HandoversText.WriteOne(SampleHandovers.All.Single(r => r.Id == id), output));

    private static void Is(string expected, Action<TextWriter> write)
    {
        var output = new StringWriter();
        write(output);
        Assert.Equal(expected.ReplaceLineEndings("\n"), output.ToString().ReplaceLineEndings("\n"));
    }
}
