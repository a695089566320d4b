using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Ntm.Linux.Netlink;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// A TUN device: IP packets to and from the kernel, without frames and without offloads. It, its addresses and its routes are gone when it is disposed of.
/// Made inside a network namespace (<see cref="NetworkNamespace"/>) it stays there. One thread at a time.
/// </summary>
public sealed unsafe class Tun : IDisposable
{
    public const string Device = "/dev/net/tun";

    // linux/if_tun.h, linux/if.h
    private const nuint SetInterface = 0x4004_54CA;
    private const short FlagTun = 1, FlagNoPacketInformation = 0x1000;
    private const int NameSize = 16, RequestSize = 40;

    private readonly NetlinkSocket _netlink;
    private readonly Counters _counters;
    private int _descriptor;

    private Tun(int descriptor, string name, int mtu, Counters counters)
    {
        _descriptor = descriptor;
        _counters = counters;
        Name = name;
        Mtu = mtu;
        _netlink = new NetlinkSocket();
        Index = (int)Libc.InterfaceIndex(name);
        LinkConfiguration.BringUp(_netlink, name, Index, mtu);
    }

    public string Name { get; }

    /// <summary>The kernel's number of the interface, in its namespace.</summary>
    public int Index { get; }

    public int Mtu { get; }

    public int Descriptor => _descriptor;

    /// <summary>Makes the device and brings it up.</summary>
    /// <param name="name">At most 15 bytes; "%d" in it becomes the first free number.</param>
    /// <param name="mtu">Bytes of the longest packet.</param>
    /// <param name="counters">Where packets that the kernel did not take are counted; null: its own.</param>
    /// <exception cref="LinuxException">No device node, no privilege, or the name is in use.</exception>
    public static Tun Open(string name, int mtu = Limits.MtuInside, Counters? counters = null)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length is 0 or >= NameSize)
        {
            throw new ArgumentException($"'{name}' is no interface name: 1 to {NameSize - 1} bytes are.", nameof(name));
        }

        var descriptor = Libc.Open(Device, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (descriptor < 0)
        {
            throw LinuxException.Last($"Opening {Device}", "`ntm-gateway` needs root and the kernel's tun driver (`modprobe tun`).");
        }

        var request = stackalloc byte[RequestSize]; // struct ifreq: name(16), flags(2)
        new Span<byte>(request, RequestSize).Clear();
        bytes.CopyTo(new Span<byte>(request, NameSize));
        *(short*)(request + NameSize) = FlagTun | FlagNoPacketInformation;
        try
        {
            if (Libc.IoControl(descriptor, SetInterface, request) != 0)
            {
                var error = Marshal.GetLastPInvokeError();
                throw new LinuxException($"Making the TUN device {name}", error, error switch
                {
                    Libc.EPERM => "It needs root (CAP_NET_ADMIN).",
                    16 => $"Something else holds {name}: is a second copy running?",
                    _ => null,
                });
            }

            return new Tun(descriptor, Marshal.PtrToStringUTF8((nint)request)!, mtu, counters ?? new Counters());
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>Gives the device an address; giving it twice is no error.</summary>
    public void AddAddress(IPAddress address, int prefixLength) => LinkConfiguration.AddAddress(_netlink, Name, Index, address, prefixLength);

    /// <summary>Routes a prefix to the device, replacing the route to the same prefix where there is one.</summary>
    /// <param name="mtu">Bytes the kernel may send in one packet that way, where less than the device's; null: the device's.</param>
    /// <param name="source">The address the router itself uses when it goes that way; null: the kernel chooses.</param>
    public void AddRoute(IPNetwork destination, int? mtu = null, IPAddress? source = null) =>
        LinkConfiguration.AddRoute(_netlink, Name, Index, destination, mtu, source);

    /// <summary>Takes a route to the device away; one that is not there is no error.</summary>
    public void RemoveRoute(IPNetwork destination) => LinkConfiguration.RemoveRoute(_netlink, Name, Index, destination);

    /// <summary>Fills the batch's slots, from the first, with what waits.</summary>
    /// <returns>How many; 0: nothing waits.</returns>
    /// <exception cref="LinuxException">The device was taken away.</exception>
    public int Read(PacketBatch batch)
    {
        batch.Clear();
        while (batch.Count < batch.Slots)
        {
            var packet = batch[batch.Count];
            var length = Libc.Read(_descriptor, (void*)(packet.Address + Limits.PacketHeadroom), packet.Capacity - Limits.PacketHeadroom);
            if (length < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Libc.EINTR)
                {
                    continue;
                }

                return error is Libc.EAGAIN or Libc.EIO ? batch.Count : throw new LinuxException($"Reading from {Name}", error, "The device was taken away.");
            }

            batch.Add().SetLength((int)length);
        }

        return batch.Count;
    }

    /// <summary>Hands a packet to the kernel. What it does not take is counted under "tun-refused" or "tun-full".</summary>
    /// <returns>Whether it was taken.</returns>
    public bool Write(ReadOnlySpan<byte> packet)
    {
        fixed (byte* first = packet)
        {
            while (Libc.Write(_descriptor, first, packet.Length) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != Libc.EINTR)
                {
                    _counters.Count(error is Libc.EAGAIN or Libc.ENOBUFS ? "tun-full" : "tun-refused");
                    return false;
                }
            }
        }

        return true;
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
            _netlink.Dispose();
        }
    }
}
