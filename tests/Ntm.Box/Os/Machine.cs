namespace Ntm.Box.Os;

/// <summary>What this machine must have for a box; everything missing is named at once. `run.sh` installs the packages.</summary>
internal static class Machine
{
    private static readonly (string Program, string Package)[] Needed =
    [
        ("setsid", "util-linux"), ("ip", "iproute2"), ("sysctl", "procps"), ("nft", "nftables"), ("dnsmasq", "dnsmasq-base"),
        ("turnserver", "coturn"), ("turnutils_natdiscovery", "coturn"), ("tcpdump", "tcpdump"), ("busybox", "busybox"), ("curl", "curl"),
        ("dig", "bind9-dnsutils"), ("ping", "iputils-ping"), ("socat", "socat"),
    ];

    public static IReadOnlyList<string> Missing()
    {
        var missing = new List<string>();
        if (!Signals.IsRoot)
        {
            missing.Add("root: network namespaces are made as root (./run.sh uses sudo)");
        }

        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        foreach (var (program, package) in Needed)
        {
            if (!path.Any(d => File.Exists(Path.Combine(d, program))))
            {
                missing.Add($"{program} (apt-get install {package})");
            }
        }

        if (!File.Exists("/dev/net/tun"))
        {
            missing.Add("/dev/net/tun (mkdir -p /dev/net && mknod /dev/net/tun c 10 200, or the kernel has no TUN)");
        }

        if (!Directory.Exists("/proc/sys/net/ipv6"))
        {
            missing.Add("IPv6 in the kernel (virtual addresses are IPv6): boot without ipv6.disable=1");
        }

        return missing;
    }
}
