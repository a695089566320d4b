using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>A pump's sockets by number (<see cref="UplinkSocket"/>) and family.</summary>
internal sealed class SocketTable
{
    /// <summary>Slots of the uplinks' own sockets, by which nearly everything goes; further ones are looked up.</summary>
    private const int OfUplinks = 2 * (UplinkSocket.UplinkMost + 1);

    private readonly Dictionary<int, UdpSocket> _further = [];
    private UdpSocket?[] _bySlot = [];

    /// <summary>Replaced, never changed: the pump may walk it while sockets come and go.</summary>
    public UdpSocket[] All { get; private set; } = [];

    public void Add(UdpSocket socket)
    {
        var slot = Slot(socket.Uplink, socket.Family == AddressFamily.InterNetwork);
        if (At(slot) is not null)
        {
            throw new InvalidOperationException($"Uplink {socket.Uplink} already has a socket of {socket.Family}.");
        }

        if (slot >= OfUplinks)
        {
            _further.Add(slot, socket);
        }
        else
        {
            if (slot >= _bySlot.Length)
            {
                Array.Resize(ref _bySlot, slot + 1);
            }

            _bySlot[slot] = socket;
        }

        All = [.. All, socket];
    }

    public void Remove(UdpSocket socket)
    {
        var slot = Slot(socket.Uplink, socket.Family == AddressFamily.InterNetwork);
        if (At(slot) == socket)
        {
            if (!_further.Remove(slot))
            {
                _bySlot[slot] = null;
            }

            All = [.. All.Where(s => s != socket)];
        }
    }

    /// <summary>The socket a path goes out by; null: its uplink has none of that family.</summary>
    public UdpSocket? Find(WirePath path)
    {
        var slot = Slot(path.Uplink, path.Remote.IsIPv4);
        return (uint)slot < (uint)_bySlot.Length ? _bySlot[slot] : At(slot);
    }

    public void Flush()
    {
        foreach (var socket in All)
        {
            socket.Flush();
        }
    }

    private UdpSocket? At(int slot) => slot >= OfUplinks ? _further.GetValueOrDefault(slot) : (uint)slot < (uint)_bySlot.Length ? _bySlot[slot] : null;

    private static int Slot(int uplink, bool isIPv4) => (uplink * 2) + (isIPv4 ? 0 : 1);
}
