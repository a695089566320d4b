using System.Net;
using System.Net.Sockets;
using System.Text;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fuzz.Parsers;

/// <summary>dnsmasq's lease file, which tells what devices of the LAN call themselves.</summary>
public sealed class LeaseTarget : Target
{
    private static readonly IPNetwork[] s_lan = [IPNetwork.Parse("192.168.77.0/24")];

    public override string Name => "lease";

    public override string Law => "LeaseText.Parse: never throws; leases are of the LAN, names are labels; more text never takes a lease away";

    public override int LongestInput => 600;

    public override IReadOnlyList<byte[]> Words =>
        [.. new[] { " ", "\n", "\r", "0", "*", " * *\n", "duid ", "02:00:00:00:00:02", "192.168.77.1", "::ffff:192.168.77.1", "06-", "18446744073709551616", "\0", "\u00ff" }.Select(Encoding.Latin1.GetBytes)];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("lease", "1767225600 02:00:00:00:00:01 192.168.77.10 nas 01:02:00:00:00:00:01\n"u8.ToArray()),
        ("nameless", "0 02:00:00:00:00:02 192.168.77.11 * *\n"u8.ToArray()),
        ("ipv6", "duid 00:01:00:01:2d:00:00:00:02:00:00:00:00:01\n1767225600 16777216 2001:db8:1::20 nas 00:01:00:01:2d\n"u8.ToArray()),
        ("odd-name", "1767225600 02:00:00:00:00:03 192.168.77.12 Bob's_PC.lan 01:02\n"u8.ToArray()),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var leases = LeaseText.Parse(input, s_lan);
        var names = 0;
        foreach (var lease in leases)
        {
            Require(lease.Address.AddressFamily == AddressFamily.InterNetwork && s_lan[0].Contains(lease.Address), "a lease is of the LAN");
            Require(lease.Hint is null || NtmName.IsLabel(lease.Hint), "what a device calls itself is a label");
            names += lease.Hint is null ? 0 : 1;
        }

        var cut = LeaseText.Parse(input[..(input.Length / 2)], s_lan);
        Require(cut.SequenceEqual(leases.Take(cut.Count)), "more text takes no lease away");
        return (leases.Count * 64) + names;
    }
}
