using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ntm.Real.Tests.Gateway;

/// <summary>Who passes for a UPnP box on one link: answers each search so many times with a location, and each HTTP request as it is told.</summary>
internal sealed class FakeBox : IDisposable
{
    private readonly Socket _searches;
    private readonly Socket _http;

    /// <param name="where">The box's namespace.</param>
    /// <param name="device">Its interface.</param>
    /// <param name="address">Its address there.</param>
    /// <param name="location">Null: on itself.</param>
    /// <param name="answer">Serves a connection to its end, and says how many bytes it could send.</param>
    public FakeBox(TestNamespace where, string device, string address, string? location, int answers, Func<NetworkStream, long> answer)
    {
        (_searches, _http) = where.In(() =>
        {
            var searches = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            searches.SetRawSocketOption(1, 25, Encoding.ASCII.GetBytes(device + "\0")); // SO_BINDTODEVICE
            searches.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            searches.Bind(new IPEndPoint(IPAddress.Any, 1900));
            searches.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(IPAddress.Parse("239.255.255.250"), IPAddress.Parse(address)));
            var http = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            http.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            http.Listen();
            return (searches, http);
        });
        location ??= $"http://{_http.LocalEndPoint}/root.xml";
        var found = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: {location}\r\n\r\n");
        Thread(() =>
        {
            var buffer = new byte[2048];
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            while (true)
            {
                _searches.ReceiveFrom(buffer, ref from);
                for (var i = 0; i < answers; i++)
                {
                    _searches.SendTo(found, from);
                }
            }
        });
        Thread(() =>
        {
            while (true)
            {
                using var stream = new NetworkStream(_http.Accept(), ownsSocket: true);
                Connections++;
                try
                {
                    _ = stream.Read(new byte[4096]);
                    Sent += answer(stream);
                }
                catch (IOException)
                {
                    Hangups++;
                }
            }
        });
    }

    public int Connections { get; private set; }

    /// <summary>Connections that the other side ended before the answer was over.</summary>
    public int Hangups { get; private set; }

    public long Sent { get; private set; }

    public void Dispose()
    {
        _searches.Dispose();
        _http.Dispose();
    }

    private static void Thread(Action work) => new System.Threading.Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }) { IsBackground = true }.Start();
}
