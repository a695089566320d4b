using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>
/// What dnsmasq writes of its leases (dnsmasq(8), --dhcp-leasefile): a line a lease, of IPv4 "expiry MAC address hostname client-id". IPv6 leases name no MAC address (their
/// DUID may hold one of another interface, or of yesterday) and are passed over: the neighbour table tells of IPv6.
/// </summary>
public static class LeaseText
{
    private const int LineMost = 512;

    /// <summary>The good lines; all others are passed over, also a last one without its end: it is being written.</summary>
    /// <param name="networks">Of the LAN; leases of other networks are passed over.</param>
    /// <returns>At most <see cref="Limits.Devices"/>.</returns>
    public static IReadOnlyList<Lease> Parse(ReadOnlySpan<byte> text, IReadOnlyList<IPNetwork> networks)
    {
        var leases = new List<Lease>();
        for (int end; leases.Count < Limits.Devices && (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
        {
            if (end <= LineMost && TryLine(Encoding.Latin1.GetString(text[..end]), out var lease) && networks.Any(network => network.Contains(lease.Address)))
            {
                leases.Add(lease);
            }
        }

        return leases;
    }

    private static bool TryLine(string line, out Lease lease)
    {
        lease = default;
        var words = line.Split(' ');
        if (words.Length != 5 || !ulong.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out _) || !MacAddress.TryParse(words[1], out var mac)
            || !IPAddress.TryParse(words[2], out var address) || address.AddressFamily != AddressFamily.InterNetwork || address.ToString() != words[2])
        {
            return false;
        }

        lease = new(address, mac, NtmName.Suggest(words[3])); // "*": it told no name, and nothing is left of that
        return true;
    }
}
