using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Ntm.Node.Naming;

/// <summary>Names under in-addr.arpa (RFC 1035 section 3.5) and ip6.arpa (RFC 3596 section 2.5) that stand for a whole address.</summary>
public static class ReverseName
{
    /// <param name="name">Canonical.</param>
    public static bool TryParse(string name, out IPAddress? address)
    {
        address = null;
        var labels = name.Split('.');
        Span<byte> bytes = stackalloc byte[16];
        if (labels.Length == 6 && labels[4] == "in-addr" && labels[5] == "arpa")
        {
            for (var i = 0; i < 4; i++)
            {
                // Digits only: the library's parser takes zero characters after them.
                if (!labels[i].All(char.IsAsciiDigit) || !byte.TryParse(labels[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[3 - i])
                    || (labels[i].Length > 1 && labels[i][0] == '0'))
                {
                    return false;
                }
            }

            address = new(bytes[..4]);
            return true;
        }

        if (labels.Length != 34 || labels[32] != "ip6" || labels[33] != "arpa")
        {
            return false;
        }

        for (var i = 0; i < 32; i++)
        {
            if (labels[i].Length != 1 || !char.IsAsciiHexDigit(labels[i][0]))
            {
                return false;
            }

            var nibble = Convert.ToInt32(labels[i], 16);
            bytes[15 - (i / 2)] = (byte)((i & 1) == 0 ? nibble : bytes[15 - (i / 2)] | (nibble << 4));
        }

        address = new(bytes);
        return true;
    }

    /// <summary>The name that stands for an address.</summary>
    public static string Of(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        if (bytes.Length == 4)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes[3]}.{bytes[2]}.{bytes[1]}.{bytes[0]}.in-addr.arpa");
        }

        var text = new char[64];
        for (var i = 0; i < 16; i++)
        {
            var b = bytes[15 - i];
            (text[i * 4], text[(i * 4) + 1]) = (Hex(b & 15), '.');
            (text[(i * 4) + 2], text[(i * 4) + 3]) = (Hex(b >> 4), '.');
        }

        return new string(text) + "ip6.arpa";
    }

    /// <summary>An IPv4 address in host order.</summary>
    internal static uint HostOrder(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static char Hex(int nibble) => (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
}
