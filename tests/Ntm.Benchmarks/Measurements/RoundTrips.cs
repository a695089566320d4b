using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Report;
using Ntm.Linux;

namespace Ntm.Benchmarks.Measurements;

/// <summary>Round trips of small UDP packets, one every 10 ms, whether or not the one before has come back.</summary>
internal static class RoundTrips
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10), Grace = TimeSpan.FromMilliseconds(500);

    /// <returns>Milliseconds of each that came back.</returns>
    public static Sample Measure(Contestant contestant, TimeSpan duration)
    {
        using var echo = new Echo(contestant.To.Name, contestant.Target.AddressFamily);
        using var socket = NetworkNamespace.Run(contestant.From.Name, () => new Socket(contestant.Target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        socket.Connect(contestant.Target, echo.Port);
        var (trips, buffer) = (new Sample(), new byte[DatagramSocket.StampSize]);
        var (start, sent) = (Stopwatch.GetTimestamp(), 0);
        TimeSpan elapsed;
        while ((elapsed = Stopwatch.GetElapsedTime(start)) < duration + Grace)
        {
            var next = Interval * sent;
            if (elapsed >= next && next < duration)
            {
                sent++;
                MemoryMarshal.Write(buffer, Stopwatch.GetTimestamp());
                Try(() => socket.Send(buffer));
            }
            else if (sent == trips.Count && next >= duration)
            {
                break;
            }
            else if (socket.Poll(next < duration ? next - elapsed : TimeSpan.FromMilliseconds(1), SelectMode.SelectRead) && Try(() => socket.Receive(buffer)))
            {
                trips.Add(Stopwatch.GetElapsedTime(MemoryMarshal.Read<long>(buffer)).TotalMilliseconds);
            }
        }

        return trips;
    }

    // An error that a router told of is a packet lost.
    private static bool Try(Func<int> call)
    {
        try
        {
            return call() > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
