using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;

namespace Ntm.Hosting;

/// <summary>
/// DNS sockets, UDP and TCP (RFC 7766). It reads no message: each is handed on, and the answer comes back whenever
/// there is one. One asker can neither fill the house with questions nor hold connections open.
/// </summary>
public sealed class NameListener : BackgroundService
{
    /// <summary>Questions under way at once over all askers; dnsmasq, the usual asker, has at most 150.</summary>
    public const int QuestionsMost = 512;

    /// <summary>And of one address.</summary>
    public const int QuestionsPerClient = 192;

    public const int ConnectionsMost = 64;
    public const int ConnectionsPerClient = 8;

    private const int MessageMost = 4096;

    /// <summary>How long a TCP connection may be silent.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    private readonly List<Socket> _datagrams = [];
    private readonly List<Socket> _listeners = [];
    private readonly Answering _answer;
    private readonly Action _heard;
    private readonly Action _refused;
    private readonly Tally _questions = new(QuestionsMost, QuestionsPerClient);
    private readonly Tally _connections = new(ConnectionsMost, ConnectionsPerClient);
    private readonly Action<string> _failed;

    /// <param name="listen">Where; the sockets are opened here, so that a port in use is known before anything runs.</param>
    /// <param name="answer">Gives the answer to a message; null: none is sent.</param>
    /// <param name="heard">Called for each question.</param>
    /// <param name="refused">Called for each question turned away because of too many.</param>
    /// <param name="failed">Told what kept a connection from being taken.</param>
    /// <exception cref="FatalException">A port is in use, or an address none of this machine's.</exception>
    public NameListener(IReadOnlyList<IPEndPoint> listen, Answering answer, Action heard, Action refused, Action<string> failed)
    {
        (_answer, _heard, _refused, _failed) = (answer, heard, refused, failed);
        foreach (var endpoint in listen)
        {
            try
            {
                // TCP goes on the port that UDP got: they differ only where the port is 0, in tests.
                _datagrams.Add(Bind(endpoint, SocketType.Dgram, ProtocolType.Udp));
                var listener = Bind((IPEndPoint)_datagrams[^1].LocalEndPoint!, SocketType.Stream, ProtocolType.Tcp);
                listener.Listen(ConnectionsMost);
                _listeners.Add(listener);
            }
            catch (SocketException refusal)
            {
                Close();
                throw new FatalException(refusal.SocketErrorCode == SocketError.AccessDenied ? ExitCode.NotPermitted : ExitCode.Unavailable, refusal.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse =>
                        $"The DNS port {endpoint} is in use by another program. Find it with 'ss -ulpnt', or choose another in \"dns\", \"listen\".",
                    SocketError.AddressNotAvailable =>
                        $"The DNS address {endpoint} is none of this machine's. Correct it in \"dns\", \"listen\" ('ip address' lists them).",
                    SocketError.AccessDenied => $"The DNS port {endpoint} may not be opened: ports below 1024 need root or CAP_NET_BIND_SERVICE "
                        + "(systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE). Give the program that, or choose a port from 1024 on in \"dns\", \"listen\".",
                    _ => $"The DNS port {endpoint} cannot be opened: {refusal.Message}. Choose another in \"dns\", \"listen\".",
                }, refusal);
            }
        }
    }

    /// <summary>Gives the answer to a message.</summary>
    /// <param name="asker">Whom the datagram, or the connection, names as its source.</param>
    public delegate Task<byte[]?> Answering(byte[] message, IPAddress asker, bool overTcp, CancellationToken stop);

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints => [.. _datagrams.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];

    public override void Dispose()
    {
        Close();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        [.. _datagrams.Select(socket => HearDatagramsAsync(socket, stoppingToken)), .. _listeners.Select(socket => AcceptAsync(socket, stoppingToken))]);

    private static Socket Bind(IPEndPoint endpoint, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(endpoint.AddressFamily, type, protocol);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            socket.Bind(endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task HearDatagramsAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[MessageMost];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, stop);
                var asker = (IPEndPoint)received.RemoteEndPoint;
                if (_questions.TryEnter(asker.Address))
                {
                    _ = AnswerDatagramAsync(socket, asker, buffer.AsSpan(0, received.ReceivedBytes).ToArray(), stop);
                }
                else
                {
                    _refused();
                }
            }
            catch (SocketException)
            {
                // An ICMP error of an answer sent before; the next receive has the next question.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task AnswerDatagramAsync(Socket socket, IPEndPoint asker, byte[] message, CancellationToken stop)
    {
        try
        {
            if (await AnswerAsync(message, asker.Address, false, stop) is { } answer)
            {
                await socket.SendToAsync(answer, SocketFlags.None, asker, stop);
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The asker is gone, or we are stopping: nobody waits.
        }
        finally
        {
            _questions.Leave(asker.Address);
        }
    }

    private async Task AcceptAsync(Socket listener, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.AcceptAsync(stop);
                var asker = ((IPEndPoint)connection.RemoteEndPoint!).Address;
                if (_connections.TryEnter(asker))
                {
                    _ = TalkAsync(connection, asker, stop);
                }
                else
                {
                    _refused();
                    connection.Dispose();
                }
            }
            catch (SocketException failed)
            {
                _failed($"A DNS connection could not be taken: {failed.Message}");
                await Task.Delay(100, CancellationToken.None); // out of descriptors, most likely; not in a tight loop
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TalkAsync(Socket connection, IPAddress asker, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            var head = new byte[2];
            while (true)
            {
                patience.CancelAfter(Idle);
                await stream.ReadExactlyAsync(head, patience.Token);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
                if (message.Length > MessageMost)
                {
                    return;
                }

                await stream.ReadExactlyAsync(message, patience.Token);
                if (await AnswerAsync(message, asker, true, stop) is not { } answer)
                {
                    return;
                }

                var framed = new byte[answer.Length + 2];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
                answer.CopyTo(framed, 2);
                await stream.WriteAsync(framed, patience.Token);
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It closed, was silent for too long, or we are stopping.
        }
        finally
        {
            _connections.Leave(asker);
        }
    }

    private async Task<byte[]?> AnswerAsync(byte[] message, IPAddress asker, bool overTcp, CancellationToken stop)
    {
        _heard();
        try
        {
            return await _answer(message, asker, overTcp, stop);
        }
        catch (TimeoutException)
        {
            return null; // the asker asks again
        }
    }

    private void Close()
    {
        foreach (var socket in _datagrams.Concat(_listeners))
        {
            socket.Dispose();
        }
    }

    /// <summary>How many are under way, in all and by address. From any thread.</summary>
    private sealed class Tally(int most, int perClient)
    {
        private readonly ConcurrentDictionary<IPAddress, int> _byClient = new();
        private int _all;

        public bool TryEnter(IPAddress client)
        {
            if (Interlocked.Increment(ref _all) > most)
            {
                Interlocked.Decrement(ref _all);
                return false;
            }

            if (_byClient.AddOrUpdate(client, 1, (_, count) => count + 1) > perClient)
            {
                Leave(client);
                return false;
            }

            return true;
        }

        public void Leave(IPAddress client)
        {
            Interlocked.Decrement(ref _all);
            var left = _byClient.AddOrUpdate(client, 0, (_, count) => count - 1);
            if (left == 0)
            {
                _byClient.TryRemove(new KeyValuePair<IPAddress, int>(client, 0));
            }
        }
    }
}
