using System.Net;
using System.Net.Sockets;
using Ntm.Linux;

namespace Ntm.Benchmarks.Measurements;

/// <summary>Sends back every datagram that comes, from a thread of its own in a namespace.</summary>
internal sealed class Echo : IDisposable
{
    private readonly Socket _socket;
    private readonly Thread _thread;
    private volatile bool _done;

    public Echo(string where, AddressFamily family)
    {
        _socket = NetworkNamespace.Run(where, () => new Socket(family, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 50 });
        _socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public void Dispose()
    {
        _done = true;
        _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        var (buffer, from) = (new byte[2048], new SocketAddress(_socket.AddressFamily));
        while (!_done)
        {
            try
            {
                var length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
                _socket.SendTo(buffer.AsSpan(0, length), SocketFlags.None, from);
            }
            catch (SocketException)
            {
                // Nothing came for a while, or there is no way back at present.
            }
        }
    }
}
