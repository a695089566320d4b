using System.Diagnostics;
using System.Runtime.InteropServices;
using Ntm.Benchmarks.Contestants;

namespace Ntm.Benchmarks.Measurements;

/// <summary>
/// A stream of 64-byte packets at a steady rate from one end of a contestant to the other, and what came of it. Sender and receiver are threads of this program
/// with sockets in the contestant's namespaces.
/// </summary>
internal sealed partial class Stream : IDisposable
{
    /// <summary>How long after the last packet was sent one still counts: what is later was not kept up with.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(50);

    /// <summary>Between looks at what is due to be sent, microseconds.</summary>
    private const int Nap = 100;

    private readonly DatagramSocket _receiver;
    private readonly DatagramSocket _sender;
    private int _run;

    public Stream(Contestant contestant)
    {
        _receiver = DatagramSocket.At(contestant.To.Name, contestant.Target.AddressFamily);
        _sender = DatagramSocket.To(contestant.From.Name, contestant.Target, _receiver.Port);
    }

    /// <summary>Sends for a while, and waits for what comes.</summary>
    /// <param name="rate">Packets a second.</param>
    /// <param name="delays">Where each packet's time on the way goes, ms; null: nowhere.</param>
    public StreamResult Send(double rate, TimeSpan duration, List<double>? delays = null)
    {
        _run++;
        var (received, done) = (0, false);
        var receiving = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                for (int i = 0, count = _receiver.Receive(); i < count; i++)
                {
                    if (_receiver[i].Run == _run)
                    {
                        received++;
                        delays?.Add(Stopwatch.GetElapsedTime(_receiver[i].SentAt).TotalMilliseconds);
                    }
                }
            }
        }) { IsBackground = true };
        receiving.Start();

        var (sent, start) = (0, Stopwatch.GetTimestamp());
        TimeSpan elapsed;
        while ((elapsed = Stopwatch.GetElapsedTime(start)) < duration)
        {
            var due = Math.Min((int)(elapsed.TotalSeconds * rate) - sent, DatagramSocket.Most);
            if (due <= 0)
            {
                Sleep(Nap);
                continue;
            }

            var now = Stopwatch.GetTimestamp();
            for (var i = 0; i < due; i++)
            {
                _sender[i] = new(_run, sent + i, now);
            }

            sent += _sender.Send(due);
        }

        Thread.Sleep(Grace);
        Volatile.Write(ref done, true);
        receiving.Join();
        return new StreamResult(sent, received, elapsed);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
