using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Ntm.Linux.Netlink;
using Ntm.Linux.Offloads;
using Ntm.Linux.Queues;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>
/// A TUN device: IP packets to and from the kernel, without frames, in super-packets where the kernel has the offloads for it: what is read is cut into packets,
/// what is written is merged. It, its addresses and its routes are gone when it is disposed of,
/// unless it was opened to stay: then the kernel drops what is bound for it, without a word to anybody, until it is opened again. Made inside a network namespace (<see cref="NetworkNamespace"/>) it stays there. One thread at a time.
/// </summary>
public sealed unsafe class Tun : IDisposable
{
    public const string Device = "/dev/net/tun";

    // linux/if_tun.h, linux/if.h
    private const nuint SetInterface = 0x4004_54CA, SetPersistent = 0x4004_54CB, SetOffload = 0x4004_54D0, SetHeaderSize = 0x4004_54D8;
    private const short FlagTun = 1, FlagNoPacketInformation = 0x1000, FlagVirtioHeader = 0x4000;
    private const int OffloadChecksum = 1, OffloadTcp = 2 | 4, OffloadTcpEcn = 8, OffloadUdp = 0x20 | 0x40;
    private const int NameSize = 16, RequestSize = 40;

    /// <summary>Bytes taken up at once, at most and but for the last read: what the kernel has beyond that waits there until the next turn.</summary>
    private const int MostTaken = 1 << 20;

    /// <summary>The same in reads, which cost about as much each as what is done with a short packet.</summary>
    private const int MostReads = 2 * Limits.BatchSlots;

    private readonly NetlinkSocket _netlink;
    private readonly Counters _counters;

    private readonly OutboundQueue _queue;
    private SegmentCut _cut; // what is being cut into packets,
    private int _place;      // where it lies
    private bool _isCutting;

    private readonly SegmentGathering _staged;
    private readonly Libc.IoVector[] _vectors = GC.AllocateArray<Libc.IoVector>(1 + Limits.BatchSlots, pinned: true);
    private readonly Libc.IoVector* _vector;
    private int _descriptor;

    private Tun(int descriptor, string name, int mtu, Counters counters, TunOffloads offloads)
    {
        _descriptor = descriptor;
        _counters = counters;
        Name = name;
        Mtu = mtu;
        Offloads = offloads;
        _vector = (Libc.IoVector*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_vectors));
        _staged = new SegmentGathering(Limits.BatchSlots) { MergesUdp = offloads.HasFlag(TunOffloads.Udp) };
        _netlink = new NetlinkSocket();
        Index = (int)Libc.InterfaceIndex(name);
        LinkConfiguration.BringUp(_netlink, name, Index, mtu);
        _queue = new OutboundQueue(counters);
    }

    public string Name { get; }

    /// <summary>The kernel's number of the interface, in its namespace.</summary>
    public int Index { get; }

    public int Mtu { get; }

    public int Descriptor => _descriptor;

    /// <summary>What the kernel takes part in.</summary>
    public TunOffloads Offloads { get; }

    /// <summary>Whether something that was read waits: <see cref="Read"/> goes on with it, and polling does not tell.</summary>
    public bool HasRest => _isCutting || _queue.Count > 0;

    /// <summary>Packets and super-packets that were read, and the packets they were cut into.</summary>
    public long Reads { get; private set; }

    public long PacketsRead { get; private set; }

    /// <summary>Packets that were written, and the runs they went in; a single one counts as well.</summary>
    public long PacketsWritten { get; private set; }

    public long Writes { get; private set; }

    /// <summary>What was read and waits.</summary>
    public OutboundQueue Waiting => _queue;

    /// <summary>Makes the device and brings it up.</summary>
    /// <param name="name">At most 15 bytes; "%d" in it becomes the first free number.</param>
    /// <param name="mtu">Bytes of the longest packet.</param>
    /// <param name="counters">Where packets that the kernel did not take are counted; null: its own.</param>
    /// <param name="mark">
    /// For a device that stays when this program ends, however it does: what to write on it where it is new (<see cref="LinkState.Alias"/>). One that stayed
    /// is taken up with its addresses and routes. Null: it goes.
    /// </param>
    /// <param name="offloads">What is asked of the kernel; it may have less.</param>
    /// <exception cref="LinuxException">No device node, no privilege, or the name is in use.</exception>
    public static Tun Open(string name, int mtu = Limits.MtuInside, Counters? counters = null, string? mark = null, TunOffloads offloads = TunOffloads.All)
    {
        var stayed = mark is not null && Libc.InterfaceIndex(name) != 0;
        var descriptor = Attach(ref name);
        try
        {
            if (mark is not null && Libc.IoControl(descriptor, SetPersistent, (void*)1) != 0)
            {
                throw LinuxException.Last($"Keeping the TUN device {name}");
            }

            var tun = new Tun(descriptor, name, mtu, counters ?? new Counters(), Agree(descriptor, offloads));
            if (mark is not null && !stayed)
            {
                tun.Mark(mark);
            }

            return tun;
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>Whether a device that stayed can be opened: it is a TUN, and nobody has it.</summary>
    public static bool IsFree(string name)
    {
        try
        {
            _ = Libc.Close(Attach(ref name));
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static int Attach(ref string name)
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
        *(short*)(request + NameSize) = FlagTun | FlagNoPacketInformation | FlagVirtioHeader;
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

            name = Marshal.PtrToStringUTF8((nint)request)!;
            return descriptor;
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>What is written on it.</summary>
    public void Mark(string text) => LinkConfiguration.Mark(_netlink, Name, Index, text);

    /// <summary>Takes all addresses and routes from the device.</summary>
    public void Clear()
    {
        LinkConfiguration.TakeDown(_netlink, Name, Index);
        using var links = new LinkWatch();
        foreach (var left in links.Look().Addresses.Where(address => address.Interface == Index))
        {
            LinkConfiguration.RemoveAddress(_netlink, Name, Index, left.Address, left.PrefixLength);
        }

        LinkConfiguration.BringUp(_netlink, Name, Index, Mtu);
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

    /// <summary>Takes up what the kernel has, and fills the batch's slots, from the first, with what is to go next; super-packets are cut.</summary>
    /// <param name="now">Boot time.</param>
    /// <returns>How many; 0: nothing waits.</returns>
    /// <exception cref="LinuxException">The device was taken away.</exception>
    public int Read(PacketBatch batch, TimeSpan now)
    {
        batch.Clear();
        TakeUp(batch[0].Capacity - Limits.PacketHeadroom, now);
        while (!batch.IsFull && (_isCutting || _queue.TryTake(now, out _place, out _cut)))
        {
            // What fits in a batch as a whole is not cut for two: it goes over the wire, and into the peer's TUN, in one piece then.
            if (batch.Count > 0 && _cut.Left > batch.Slots - batch.Count)
            {
                _isCutting = true;
                break;
            }

            ReadOnlySpan<byte> from = _queue.BytesOf(_place);
            while (!batch.IsFull && _cut.HasMore)
            {
                var packet = batch.Add();
                packet.SetLength(_cut.Next(from, packet.Room));
            }

            _isCutting = _cut.HasMore;
            if (!_isCutting)
            {
                _queue.Release(_place);
            }
        }

        PacketsRead += batch.Count;
        return batch.Count;
    }

    /// <summary>Takes note of a packet for the kernel. Nothing is copied: it must stay as it is until <see cref="Flush"/>, which may change it.
    /// Flushes by itself when <see cref="Limits.BatchSlots"/> are staged.</summary>
    public void Stage(Packet packet)
    {
        if (Offloads == TunOffloads.None)
        {
            Write(packet.Bytes);
            return;
        }

        if (_staged.IsFull)
        {
            Flush();
        }

        _staged.Add(packet);
    }

    /// <summary>Hands what is staged to the kernel. What it does not take is counted under "tun-refused" or "tun-full".</summary>
    public void Flush()
    {
        var header = stackalloc byte[VirtioHeader.Size];
        for (var run = 0; run < _staged.Runs; run++)
        {
            var first = _staged.FirstOf(run);
            var count = _staged.CountOf(run);
            if (count == 1)
            {
                Write(first.Bytes);
                continue;
            }

            _staged.Finish(run).Write(new Span<byte>(header, VirtioHeader.Size));
            _vector[0] = new() { Base = (nint)header, Length = VirtioHeader.Size };
            var vectors = 1;
            for (var cursor = -1; _staged.TryNext(run, ref cursor, out var packet);)
            {
                var skipped = vectors == 1 ? 0 : _staged.HeadersOf(run);
                _vector[vectors++] = new() { Base = packet.Address + packet.Start + skipped, Length = packet.Length - skipped };
            }

            Write(vectors, count);
        }

        _staged.Clear();
    }

    /// <summary>Hands a packet to the kernel. What it does not take is counted under "tun-refused" or "tun-full".</summary>
    /// <returns>Whether it was taken.</returns>
    public bool Write(ReadOnlySpan<byte> packet)
    {
        var header = stackalloc byte[VirtioHeader.Size];
        new Span<byte>(header, VirtioHeader.Size).Clear();
        fixed (byte* first = packet)
        {
            _vector[0] = new() { Base = (nint)header, Length = VirtioHeader.Size };
            _vector[1] = new() { Base = (nint)first, Length = packet.Length };
            return Write(2, 1);
        }
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
            _isCutting = false;
            _queue.Dispose();
            _netlink.Dispose();
        }
    }

    // The most the kernel agrees to. Each packet has a header in any case. All of it is said anew, since a device that stayed has what was said before.
    private static TunOffloads Agree(int descriptor, TunOffloads wanted)
    {
        const int tcp = OffloadChecksum | OffloadTcp | OffloadTcpEcn;
        var header = VirtioHeader.Size;
        if (Libc.IoControl(descriptor, SetHeaderSize, &header) != 0)
        {
            throw LinuxException.Last("Setting the TUN device's header");
        }

        if (wanted.HasFlag(TunOffloads.All) && Libc.IoControl(descriptor, SetOffload, (void*)(tcp | OffloadUdp)) == 0)
        {
            return TunOffloads.All;
        }

        if (wanted.HasFlag(TunOffloads.Tcp) && Libc.IoControl(descriptor, SetOffload, (void*)tcp) == 0)
        {
            return TunOffloads.Tcp;
        }

        return Libc.IoControl(descriptor, SetOffload, null) == 0
            ? TunOffloads.None
            : throw LinuxException.Last("Switching the TUN device's offloads off");
    }

    // Until the kernel has nothing left, so that what it has is put in order: a packet of a flow with nothing waiting does not wait for others.
    private void TakeUp(int longest, TimeSpan now)
    {
        for (int reads = 0, taken = 0; reads < MostReads && taken < MostTaken; reads++)
        {
            var length = (int)Libc.Read(_descriptor, _queue.Room, OutboundQueue.LongestSize);
            if (length < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                switch (error)
                {
                    case Libc.EINTR:
                        continue;
                    case Libc.EAGAIN or Libc.EIO:
                        return;
                    default:
                        throw new LinuxException($"Reading from {Name}", error, "The device was taken away.");
                }
            }

            Reads++;
            taken += length;
            _queue.Add(length, longest, now);
        }
    }

    private bool Write(int vectors, int packets)
    {
        while (Libc.WriteVectors(_descriptor, _vector, vectors) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Libc.EINTR)
            {
                _counters.Count(error is Libc.EAGAIN or Libc.ENOBUFS ? "tun-full" : "tun-refused", packets);
                return false;
            }
        }

        Writes++;
        PacketsWritten += packets;
        return true;
    }
}
