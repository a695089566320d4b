using System.Net;
using System.Net.Sockets;
using Ntm.Box.Links;
using Ntm.Box.Os;

namespace Ntm.Box.Handover;

/// <summary>
/// One end of a stream, in a device's place: an ordinary IPv4 UDP socket that sends numbered packets at a constant rate and notes those that come from the other end. Both ends are in this program,
/// so that one clock stamps and reads.
/// </summary>
internal sealed class StreamEnd : IDisposable
{
    /// <summary>Where the answering end is.</summary>
    public const int Port = 7010;

    private const int KernelBuffer = 16 << 20, SolSocket = 1, ForceReceiveBuffer = 33, ForceSendBuffer = 32; // asm-generic/socket.h
    private const int LongestRun = 120; // seconds, for the notes' size

    private readonly Socket socket;
    private readonly Thread receiving;
    private volatile StreamNotes? notes;
    private volatile bool ending;
    private volatile bool stopped;
    private Thread? sending;
    private int sent;
    private long endedSending;
    private long heardAt;

    private StreamEnd(Socket socket)
    {
        this.socket = socket;
        socket.SetRawSocketOption(SolSocket, ForceReceiveBuffer, BitConverter.GetBytes(KernelBuffer));
        socket.SetRawSocketOption(SolSocket, ForceSendBuffer, BitConverter.GetBytes(KernelBuffer));
        socket.ReceiveTimeout = 100;
        receiving = new Thread(Receive) { IsBackground = true, Name = "stream" };
    }

    /// <summary>An end that speaks to an address, and the one that answers it: greets until both have heard of one another.</summary>
    /// <param name="alias">By which the first one's device reaches the second's.</param>
    public static async Task<(StreamEnd One, StreamEnd Other)> PairAsync(NetworkNamespace one, string alias, NetworkNamespace other, CancellationToken stop)
    {
        var (first, second) = (Open(one), Open(other));
        try
        {
            second.Bind(new IPEndPoint(IPAddress.Any, Port));
            first.Connect(IPAddress.Parse(alias), Port);
            var heard = new byte[2048];
            for (var i = 0; ; i++)
            {
                await first.SendAsync("hello"u8.ToArray(), stop);
                if (second.Poll(100_000, SelectMode.SelectRead))
                {
                    EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                    second.ReceiveFrom(heard, ref from);
                    second.Connect(from);
                    break;
                }

                if (i == 200)
                {
                    throw new BoxFailed($"nothing comes from {one.Name} to {other.Name} by {alias}");
                }
            }

            var (a, b) = (new StreamEnd(first), new StreamEnd(second));
            a.receiving.Start();
            b.receiving.Start();
            return (a, b);
        }
        catch
        {
            first.Dispose();
            second.Dispose();
            throw;
        }
    }

    /// <summary>Begins to send, and to note what comes of this run.</summary>
    public void Begin(int run, StreamRate rate)
    {
        notes = new StreamNotes(run, rate.PacketsPerSecond * LongestRun);
        stopped = false;
        sent = 0;
        sending = new Thread(() => Send(run, rate)) { IsBackground = true, Name = "stream" };
        sending.Start();
    }

    /// <summary>Packets sent so far.</summary>
    public int Sent => Volatile.Read(ref sent);

    /// <summary>When the last packet came from the other end, in nanoseconds of the monotonic clock.</summary>
    public long HeardAt => Interlocked.Read(ref heardAt);

    /// <summary>Sends no more.</summary>
    public void Stop()
    {
        stopped = true;
        sending?.Join();
    }

    /// <summary>What became of what the other end sent, once that has stopped and everything has had time to come.</summary>
    public StreamReading Read(StreamEnd other) => notes!.Read(other.sent, other.endedSending);

    public void Dispose()
    {
        ending = true;
        Stop();
        receiving.Join();
        socket.Dispose();
    }

    private static Socket Open(NetworkNamespace place) =>
        Linux.NetworkNamespace.Run(place.Name, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

    private void Send(int run, StreamRate rate)
    {
        Promptness.Claim();
        var packet = new byte[rate.Payload];
        var begun = Promptness.Now();
        var turn = Math.Max(1_000_000, 1_000_000_000 / rate.PacketsPerSecond);
        for (long number = 0; !stopped;)
        {
            // What is due by now; where the machine was elsewhere, that is more than one turn's.
            var due = (Promptness.Now() - begun) * rate.PacketsPerSecond / 1_000_000_000;
            for (; number <= due && number < (long)rate.PacketsPerSecond * LongestRun; number++)
            {
                StreamNotes.Stamp(packet, run, (int)number, Promptness.Now());
                try
                {
                    socket.Send(packet);
                }
                catch (SocketException)
                {
                    // An ICMP error of before, or no room: it counts as lost.
                }

                Volatile.Write(ref sent, (int)number + 1);
            }

            Promptness.SleepUntil(Math.Max(begun + (number * 1_000_000_000 / rate.PacketsPerSecond), rate.PacketsPerSecond > 1000 ? Promptness.Now() + turn : 0));
        }

        endedSending = Promptness.Now();
    }

    private void Receive()
    {
        Promptness.Claim();
        var packet = new byte[2048];
        while (!ending)
        {
            try
            {
                var length = socket.Receive(packet);
                var now = Promptness.Now();
                notes?.Note(packet.AsSpan(0, length), now);
                Interlocked.Exchange(ref heardAt, now);
            }
            catch (SocketException)
            {
                // Nothing came for a while, or an ICMP error did.
            }
        }
    }
}
