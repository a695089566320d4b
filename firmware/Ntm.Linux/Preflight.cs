using System.Globalization;
using System.Runtime.InteropServices;
using Ntm.Linux.Netlink;

namespace Ntm.Linux;

/// <summary>What a program needs of the machine.</summary>
[Flags]
public enum Need
{
    None = 0,
    Administration = 1,
    Tun = 2,
    IPv6 = 4,
    Nftables = 8,
    NetworkNamespaces = 16,
    All = Administration | Tun | IPv6 | Nftables | NetworkNamespaces,
}

/// <summary>Looks at the machine before anything is changed, and names everything that is missing at once.</summary>
public static class Preflight
{
    private const string Status = "/proc/self/status";
    private const int CapabilityNetAdmin = 12, CapabilitySysAdmin = 21;

    /// <summary>What is missing, each as sentences that say what to do; empty: nothing. Makes the node /dev/net/tun where it is missing and may be made.</summary>
    public static IReadOnlyList<string> Missing(Need needs)
    {
        var missing = new List<string>();
        void Check(Need need, Func<string?> check)
        {
            if (needs.HasFlag(need) && check() is { } sentence)
            {
                missing.Add(sentence);
            }
        }

        Check(Need.Administration, Administration);
        Check(Need.Tun, TunDevice);
        Check(Need.IPv6, IPv6);
        Check(Need.Nftables, Nftables);
        Check(Need.NetworkNamespaces, Namespaces);
        return missing;
    }

    /// <summary>Whether the effective capabilities in the text of /proc/self/status include number <paramref name="capability"/>.</summary>
    public static bool HasCapability(string status, int capability)
    {
        foreach (var line in status.Split('\n'))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits))
            {
                return (bits >> capability & 1) != 0;
            }
        }

        return false;
    }

    private static string? Administration() => HasCapability(File.ReadAllText(Status), CapabilityNetAdmin)
        ? null
        : "The privilege to set up the network (CAP_NET_ADMIN) is missing: run it as root (sudo), or let its service unit grant it.";

    private static string? TunDevice()
    {
        if (!File.Exists(Tun.Device))
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Tun.Device)!);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Said below: the node is missing.
            }

            const uint readWriteForAll = 0x1B6; // 0666: making a TUN needs the privilege anyway
            const ulong device = (10 << 8) | 200; // Documentation/admin-guide/devices.txt
            if (Libc.MakeNode(Tun.Device, Libc.S_IFCHR | readWriteForAll, device) != 0 && Marshal.GetLastPInvokeError() != Libc.EEXIST)
            {
                return $"{Tun.Device} is missing and cannot be made here: as root, `mkdir -p /dev/net && mknod {Tun.Device} c 10 200`; "
                    + "in a container, start it with that device.";
            }
        }

        var descriptor = Libc.Open(Tun.Device, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (descriptor >= 0)
        {
            _ = Libc.Close(descriptor);
            return null;
        }

        return LinuxException.Last($"Opening {Tun.Device}", "Load the driver with `modprobe tun`; in a container, allow the device.").Message;
    }

    private static string? IPv6()
    {
        const string advice = "NTM addresses are IPv6 addresses: switch it on with `sysctl -w net.ipv6.conf.all.disable_ipv6=0`, "
            + "or take `ipv6.disable=1` from the kernel's command line.";
        const string setting = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
        if (!File.Exists(setting))
        {
            return $"The kernel has no IPv6. {advice}";
        }

        return File.ReadAllText(setting).Trim() == "0" ? null : $"IPv6 is switched off. {advice}";
    }

    /// <summary>Asks the kernel for the generation of its nf_tables rules, which changes nothing.</summary>
    private static unsafe string? Nftables()
    {
        const int netfilter = 12;
        const ushort getGeneration = (10 << 8) | 16; // NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
        const string advice = "NAT is made with nftables: load it with `modprobe nf_tables` (as root).";
        var descriptor = Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, netfilter);
        if (descriptor < 0)
        {
            return LinuxException.Last("Opening a netfilter socket", advice).Message;
        }

        Span<byte> buffer = stackalloc byte[256];
        var request = new NetlinkWriter(buffer, getGeneration, NetlinkMessage.FlagRequest | NetlinkMessage.FlagAcknowledge);
        request.Fixed(4); // struct nfgenmsg
        var length = request.Finish(1).Length;
        fixed (byte* first = buffer)
        {
            var received = Libc.Send(descriptor, first, length, 0) < 0 ? -1 : Libc.Receive(descriptor, first, buffer.Length, 0);
            var error = received < 0 ? Marshal.GetLastPInvokeError() : 0;
            _ = Libc.Close(descriptor);
            var reader = new NetlinkReader(buffer[..(int)Math.Max(received, 0)]);
            if (error == 0 && reader.TryNext() && reader.Type == NetlinkMessage.Error && reader.Payload.Length >= sizeof(int))
            {
                error = -MemoryMarshal.Read<int>(reader.Payload);
            }

            return error == 0 ? null : new LinuxException("Asking the kernel for nf_tables", error, advice).Message;
        }
    }

    private static string? Namespaces()
    {
        if (!HasCapability(File.ReadAllText(Status), CapabilitySysAdmin))
        {
            return "The privilege to make network namespaces (CAP_SYS_ADMIN) is missing: run it as root (sudo).";
        }

        string? sentence = null;
        var thread = new Thread(() =>
        {
            // On a thread that ends at once, so that nothing stays in the new namespace.
            if (Libc.Unshare(Libc.CLONE_NEWNET) != 0)
            {
                sentence = LinuxException.Last("Making a network namespace", "In a container, start it privileged.").Message;
            }
        });
        thread.Start();
        thread.Join();
        return sentence;
    }
}
