using Ntm.Box.Grid;

namespace Ntm.Fast.Tests.Box;

/// <summary>What Debian's ping prints with -D, word for word, and what the grid makes of it.</summary>
public sealed class PingReadingTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly DateTimeOffset Started = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void Begin_first_and_last_answer_and_the_counts()
    {
        const string said =
            """
            PING 198.18.0.1 (198.18.0.1) 400(428) bytes of data.
            [1700000000.160000] 408 bytes from 198.18.0.1: icmp_seq=2 ttl=61 time=40.0 ms
            [1700000000.180000] 408 bytes from 198.18.0.1: icmp_seq=1 ttl=61 time=80.1 ms
            [1700000000.181000] 408 bytes from 198.18.0.1: icmp_seq=1 ttl=61 time=81.1 ms (DUP!)

            --- 198.18.0.1 ping statistics ---
            3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 40ms
            rtt min/avg/max/mdev = 40.000/60.050/80.100/20.050 ms
            """;
        var reading = PingReading.Parse(said, Interval, Started);

        Assert.Equal(Started.AddMilliseconds(100), reading.Begun);
        Assert.Equal(Started.AddMilliseconds(160), reading.FirstAnswer);
        Assert.Equal(Started.AddMilliseconds(181), reading.LastAnswer);
        Assert.Equal((3, 2, 1), (reading.Sent, reading.Answered, reading.Twice));
    }

    [Fact]
    public void Where_nobody_answers_it_began_when_it_was_started()
    {
        var reading = PingReading.Parse("\n--- 198.18.0.1 ping statistics ---\n200 packets transmitted, 0 received, 100% packet loss, time 4060ms\n", Interval, Started);

        Assert.Equal(new PingReading(Started, null, null, 200, 0, 0), reading);
    }
}
