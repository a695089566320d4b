using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>The search for a UPnP box (UPnP Device Architecture 1.1 section 1.3), and what answers it.</summary>
internal static class SsdpMessage
{
    /// <summary>239.255.255.250:1900.</summary>
    public static readonly RealAddress Group = RealAddress.FromIPv4(0xEFFF_FFFA, 1900);

    private const string Device = "urn:schemas-upnp-org:device:InternetGatewayDevice:";
    private const int LongestHeader = 512;

    /// <summary>A search for gateways. A version 2 box answers to version 1, too (section 1.3.2).</summary>
    public static byte[] Search(int version) => Encoding.ASCII.GetBytes(
        FormattableString.Invariant($"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {Device}{version}\r\n\r\n"));

    /// <summary>Reads where a gateway's description is; false for what is no answer of a gateway.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? location)
    {
        location = null;
        if (!bytes.StartsWith("HTTP/1.1 200 "u8))
        {
            return false;
        }

        var isGateway = false;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range].TrimEnd((byte)'\r');
            var colon = line.IndexOf((byte)':');
            if (colon < 0 || line.Length > LongestHeader)
            {
                continue;
            }

            var name = line[..colon];
            var value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(name, "LOCATION"u8) && Ascii.IsValid(value))
            {
                location ??= Encoding.ASCII.GetString(value);
            }
            else if (Ascii.EqualsIgnoreCase(name, "ST"u8))
            {
                isGateway = value.StartsWith(Encoding.ASCII.GetBytes(Device));
            }
        }

        return isGateway && location is not null;
    }
}
