using System.Net.Sockets;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>A pump's sockets by uplink and family.</summary>
internal sealed class SocketTable
{
    private UdpSocket?[] _bySlot = [];

    /// <summary>Replaced, never changed: the pump may walk it while sockets come and go.</summary>
    public UdpSocket[] All { get; private set; } = [];

    public void Add(UdpSocket socket)
    {
        var slot = Slot(socket.Uplink, socket.Family == AddressFamily.InterNetwork);
        if (slot >= _bySlot.Length)
        {
            Array.Resize(ref _bySlot, slot + 1);
        }

        if (_bySlot[slot] is not null)
        {
            throw new InvalidOperationException($"Uplink {socket.Uplink} already has a socket of {socket.Family}.");
        }

        _bySlot[slot] = socket;
        All = [.. All, socket];
    }

    public void Remove(UdpSocket socket)
    {
        var slot = Slot(socket.Uplink, socket.Family == AddressFamily.InterNetwork);
        if (slot < _bySlot.Length && _bySlot[slot] == socket)
        {
            _bySlot[slot] = null;
            All = [.. All.Where(s => s != socket)];
        }
    }

    /// <summary>The socket a path goes out by; null: its uplink has none of that family.</summary>
    public UdpSocket? Find(WirePath path)
    {
        var slot = Slot(path.Uplink, path.Remote.IsIPv4);
        return (uint)slot < (uint)_bySlot.Length ? _bySlot[slot] : null;
    }

    public void Flush()
    {
        foreach (var socket in All)
        {
            socket.Flush();
        }
    }

    private static int Slot(int uplink, bool isIPv4) => (uplink * 2) + (isIPv4 ? 0 : 1);
}
