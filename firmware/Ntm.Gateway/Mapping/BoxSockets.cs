using System.Net;
using System.Net.Sockets;
using System.Text;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway.Mapping;

/// <summary>
/// The sockets by which the boxes in front of the uplinks are asked to open a port: one of the uplink's address for questions (PCP, NAT-PMP, a search by multicast), one
/// for announcements; both bound to the interface. Only what comes from the uplink's default gateway is handed on, and only so much of it. Sending is on the pump's
/// thread and never waits; receiving on the pool's.
/// </summary>
/// <param name="interfaces">The interface of each uplink, by its number.</param>
/// <param name="heard">Told of a datagram of a box's, on any thread.</param>
internal sealed class BoxSockets(IReadOnlyList<string> interfaces, Action<int, RealAddress, byte[]> heard, ILogger log) : IDisposable
{
    private const int SolSocket = 1, BindToDevice = 25; // asm-generic/socket.h

    /// <summary>How far a search by multicast goes (UPnP Device Architecture 1.1 section 1.3.2).</summary>
    private const int SearchHops = 2;

    private readonly Dictionary<(int Uplink, bool IPv4), Door> _doors = [];

    public void Send(NodeEvent.MappingDatagram datagram)
    {
        try
        {
            DoorOf(datagram).Questions.SendTo(datagram.Bytes, datagram.To.ToIPEndPoint());
        }
        catch (SocketException refused)
        {
            log.Debug("The box in front of uplink {Uplink} cannot be asked to open a port: {Reason}", interfaces[datagram.Uplink], refused.Message); // it will be silent
        }
    }

    public void Dispose()
    {
        foreach (var door in _doors.Values)
        {
            door.Close();
        }

        _doors.Clear();
    }

    private Door DoorOf(NodeEvent.MappingDatagram datagram)
    {
        var key = (datagram.Uplink, datagram.From.IsIPv4);
        if (_doors.TryGetValue(key, out var door))
        {
            if (door.Own.SameHost(datagram.From) && door.Gateway.SameHost(datagram.Gateway))
            {
                return door;
            }

            _doors.Remove(key);
            door.Close();
        }

        var questions = Open(datagram.Uplink, new IPEndPoint(datagram.From.ToIPAddress(), 0));
        door = new Door(datagram.From, datagram.Gateway, questions, TryOpenAnnouncements(datagram.Uplink, datagram.From.IsIPv4));
        _doors.Add(key, door);
        foreach (var socket in (Socket?[])[questions, door.Announcements])
        {
            if (socket is not null)
            {
                _ = Task.Run(() => HearAsync(datagram.Uplink, door, socket)); // what is there already is read at once, and not on the pump's thread
            }
        }

        return door;
    }

    // All hosts of a link are in 224.0.0.1 and ff02::1 by themselves. Where another program holds the port for itself, we go without: renewals find out later.
    private Socket? TryOpenAnnouncements(int uplink, bool ipv4)
    {
        try
        {
            return Open(uplink, new IPEndPoint(ipv4 ? IPAddress.Any : IPAddress.IPv6Any, Limits.MappingAnnouncementPort));
        }
        catch (SocketException refused)
        {
            log.Debug("What the box in front of uplink {Uplink} announces cannot be heard: {Reason}", interfaces[uplink], refused.Message);
            return null;
        }
    }

    private Socket Open(int uplink, IPEndPoint at)
    {
        var socket = new Socket(at.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetRawSocketOption(SolSocket, BindToDevice, Encoding.UTF8.GetBytes(interfaces[uplink] + "\0"));
            if (at.AddressFamily == AddressFamily.InterNetwork)
            {
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, SearchHops);
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, false);
            }
            else
            {
                socket.DualMode = false;
            }

            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, at.Port != 0);
            socket.Blocking = false;
            socket.Bind(at);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task HearAsync(int uplink, Door door, Socket socket)
    {
        var buffer = new byte[2048];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            try
            {
                var got = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone);
                var from = RealAddress.From((IPEndPoint)got.RemoteEndPoint);
                if (from.SameHost(door.Gateway) && door.Allowance.TryTake())
                {
                    heard(uplink, from, buffer[..got.ReceivedBytes]);
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (door.IsClosed)
            {
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100); // too long for the buffer, or the interface went
            }
        }
    }

    private sealed record Door(RealAddress Own, RealAddress Gateway, Socket Questions, Socket? Announcements)
    {
        public DatagramAllowance Allowance { get; } = new();

        public bool IsClosed { get; private set; }

        public void Close()
        {
            IsClosed = true;
            Questions.Dispose();
            Announcements?.Dispose();
        }
    }
}
