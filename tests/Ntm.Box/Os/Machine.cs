using Ntm.Linux;

namespace Ntm.Box.Os;

/// <summary>What this machine must have for a box; everything missing is named at once. `run.sh` installs the packages.</summary>
internal static class Machine
{
    private static readonly (string Program, string Package)[] Needed =
    [
        ("setsid", "util-linux"), ("ip", "iproute2"), ("sysctl", "procps"), ("nft", "nftables"), ("dnsmasq", "dnsmasq-base"),
        ("turnserver", "coturn"), ("turnutils_natdiscovery", "coturn"), ("nsd", "nsd"), ("unbound", "unbound"), ("tcpdump", "tcpdump"), ("busybox", "busybox"), ("curl", "curl"),
        ("dig", "bind9-dnsutils"), ("ping", "iputils-ping"), ("socat", "socat"),
    ];

    public static IReadOnlyList<string> Missing()
    {
        if (!Signals.IsRoot)
        {
            return ["root: network namespaces are made as root (./run.sh uses sudo for it)"];
        }

        // IPv6 is looked at below: where only this machine's own network has it switched off, the box's namespaces have it all the same.
        var missing = Preflight.Missing(Need.All & ~Need.IPv6).ToList();
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        foreach (var (program, package) in Needed)
        {
            if (!path.Any(d => File.Exists(Path.Combine(d, program))))
            {
                missing.Add($"{program} (apt-get install {package})");
            }
        }

        if (!Directory.Exists("/proc/sys/net/ipv6"))
        {
            missing.Add("IPv6 in the kernel (virtual addresses are IPv6): boot without ipv6.disable=1");
        }

        return missing;
    }
}
