using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>A pump's sockets by uplink and family; further ones of an uplink by their number (<see cref="UplinkSocket"/>) too.</summary>
internal sealed class SocketTable
{
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

        if (slot > LastSlot)
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
    public UdpSocket? Find(WirePath path) => At(Slot(path.Uplink, path.Remote.IsIPv4));

    public void Flush()
    {
        foreach (var socket in All)
        {
            socket.Flush();
        }
    }

    // Uplinks' own sockets have an array, since every packet goes by one of them; numbers of further ones are far apart.
    private const int LastSlot = (UplinkSocket.UplinkMost * 2) + 1;

    private UdpSocket? At(int slot) => (uint)slot < (uint)_bySlot.Length ? _bySlot[slot] : slot > LastSlot ? _further.GetValueOrDefault(slot) : null;

    private static int Slot(int uplink, bool isIPv4) => (uplink * 2) + (isIPv4 ? 0 : 1);
}
