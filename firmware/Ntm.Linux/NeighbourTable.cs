using System.Net;
using System.Runtime.InteropServices;
using Ntm.Linux.Netlink;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>An entry of the kernel's neighbour table.</summary>
/// <param name="Interface">The interface's number.</param>
/// <param name="Confirmed">Whether the kernel heard the neighbour lately (reachable), or the owner fixed the entry; else it may be old.</param>
public readonly record struct NeighbourEntry(int Interface, IPAddress Address, MacAddress Mac, bool Confirmed);

/// <summary>The kernel's neighbour table: which MAC address has which IP address, both families.</summary>
public static class NeighbourTable
{
    // linux/neighbour.h
    private const ushort AttributeDestination = 1, AttributeLinkLayerAddress = 2;
    private const ushort StateReachable = 0x02, StateStale = 0x04, StateDelay = 0x08, StateProbe = 0x10, StatePermanent = 0x80;
    private const ushort StatesKnown = StateReachable | StateStale | StateDelay | StateProbe | StatePermanent;

    /// <summary>The entries of one interface that have a MAC address.</summary>
    /// <exception cref="LinuxException">There is no such interface.</exception>
    public static IReadOnlyList<NeighbourEntry> Read(string interfaceName)
    {
        var index = (int)Libc.InterfaceIndex(interfaceName);
        if (index == 0)
        {
            throw LinuxException.Last($"Reading the neighbour table of {interfaceName}", "`ip link` shows the interfaces that exist.");
        }

        using var netlink = new NetlinkSocket();
        Span<byte> buffer = stackalloc byte[64];
        var get = new NetlinkWriter(buffer, NetlinkMessage.GetNeighbour, NetlinkMessage.FlagRequest | NetlinkMessage.FlagDump);
        get.Fixed(NetlinkMessage.NeighbourSize);
        var entries = new List<NeighbourEntry>();
        netlink.Dump(get, (type, payload) =>
        {
            if (type == NetlinkMessage.NewNeighbour && TryParse(payload, out var entry) && entry.Interface == index)
            {
                entries.Add(entry);
            }
        }, $"Reading the neighbour table of {interfaceName}");
        return entries;
    }

    /// <summary>Reads the payload of a RTM_NEWNEIGH message. False where it does not parse, has no MAC address, or the kernel gave the neighbour up.</summary>
    /// <remarks>
    /// <code>
    /// struct ndmsg: 0 family(1) | 1 pad(3) | 4 interface(4) | 8 state(2) | 10 flags(1) | 11 type(1) | attributes
    /// </code>
    /// </remarks>
    public static bool TryParse(ReadOnlySpan<byte> payload, out NeighbourEntry entry)
    {
        entry = default;
        if (payload.Length < NetlinkMessage.NeighbourSize)
        {
            return false;
        }

        var state = MemoryMarshal.Read<ushort>(payload[8..]);
        if ((state & StatesKnown) == 0)
        {
            return false;
        }

        var expected = payload[0] switch { Libc.AF_INET => 4, Libc.AF_INET6 => 16, _ => -1 };
        IPAddress? address = null;
        MacAddress? mac = null;
        var attributes = new AttributeReader(payload[NetlinkMessage.NeighbourSize..]);
        while (attributes.TryNext())
        {
            if (attributes.Type == AttributeDestination && attributes.Value.Length == expected)
            {
                address = new IPAddress(attributes.Value);
            }
            else if (attributes.Type == AttributeLinkLayerAddress && attributes.Value.Length == 6)
            {
                mac = MacAddress.Read(attributes.Value);
            }
        }

        if (address is null || mac is not { Value: not 0 } known)
        {
            return false;
        }

        entry = new(MemoryMarshal.Read<int>(payload[4..]), address, known, (state & (StateReachable | StatePermanent)) != 0);
        return true;
    }
}
