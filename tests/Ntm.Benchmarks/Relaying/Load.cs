using System.Diagnostics;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Benchmarks.Relaying;

/// <summary>What came of a load.</summary>
/// <param name="Datagrams">That arrived.</param>
/// <param name="Lost">That did not, for as far as can be told.</param>
internal readonly record struct LoadResult(long Datagrams, long Lost, double Seconds, double ProcessorSeconds)
{
    public double Gigabits(int bytes) => Datagrams * bytes * 8 / Seconds / 1e9;

    public double PacketsPerSecond => Datagrams / Seconds;

    public double SecondsPerGigabyte(int bytes) => ProcessorSeconds / (Datagrams * bytes / 1e9);
}

/// <summary>
/// Datagrams through a relay, as fast as they arrive: only so many are on their way at once, so that none is lost for want of room, and the relay is never idle. One thread sends and
/// counts what arrives.
/// </summary>
internal sealed class Load(IForwarder forwarder, int window)
{
    // One UDP_SEGMENT call's.
    private const int Burst = 45;

    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(100);

    private readonly PacketBatch _frames = new(Limits.BatchSlots);
    private readonly PacketBatch _arrived = new();

    /// <param name="channels">Over which datagrams go in turn.</param>
    /// <param name="segmenting">Many datagrams a system call, cut by the kernel; else one.</param>
    public LoadResult Run(TimeSpan time, int channels, bool segmenting)
    {
        _frames.Clear();
        for (var i = 0; i < Burst; i++)
        {
            var frame = _frames.Add();
            frame.Fill(forwarder.Frames[i % channels]);
            frame.Path = new WirePath(0, forwarder.Target, 0);
        }

        Drain();
        var before = forwarder.Process.ProcessorSeconds;
        var (sent, received, lost, next) = (0L, 0L, 0L, 0);
        var (clock, progress) = (Stopwatch.StartNew(), TimeSpan.Zero);
        while (clock.Elapsed < time)
        {
            if (sent - received - lost <= window - Burst)
            {
                for (var i = 0; i < Burst; i++)
                {
                    // In turn over the channels, also from burst to burst.
                    forwarder.Sender.Stage(_frames[channels == 1 ? i : (next + i) % channels]);
                    if (!segmenting)
                    {
                        forwarder.Sender.Flush();
                    }
                }

                forwarder.Sender.Flush();
                next = (next + Burst) % channels;
                sent += Burst;
            }

            var came = Drain();
            received += came;
            if (came > 0)
            {
                progress = clock.Elapsed;
            }
            else if (clock.Elapsed - progress > Stall)
            {
                lost = sent - received;
                progress = clock.Elapsed;
            }
        }

        var seconds = clock.Elapsed.TotalSeconds;
        return new(received, lost, seconds, forwarder.Process.ProcessorSeconds - before);
    }

    private long Drain()
    {
        var count = 0L;
        foreach (var sink in forwarder.Sinks)
        {
            do
            {
                count += sink.Receive(_arrived);
            }
            while (sink.HasRest);
        }

        return count;
    }
}
