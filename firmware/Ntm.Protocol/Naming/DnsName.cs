using System.Globalization;
using System.Text;

namespace Ntm.Protocol.Naming;

/// <summary>Names within DNS messages (RFC 1035 section 4.1.4): lower case, without the trailing dot; the root is empty.</summary>
internal static class DnsName
{
    /// <summary>Reads a name, following compression. Each pointer must lead to before the bytes read so far, so no loop is possible.</summary>
    /// <param name="at">Where it stands; afterwards behind it.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (here, earliest, behind, bytes) = (at, at, -1, 1);
        while (here < message.Length)
        {
            int length = message[here];
            if (length == 0)
            {
                at = behind < 0 ? here + 1 : behind;
                name = text.ToString();
                return true;
            }

            if (length >= 0xC0)
            {
                if (here + 2 > message.Length)
                {
                    return false;
                }

                var target = ((length & 0x3F) << 8) | message[here + 1];
                if (target >= earliest || target < DnsMessage.HeaderBytes)
                {
                    return false;
                }

                behind = behind < 0 ? here + 2 : behind;
                here = earliest = target;
                continue;
            }

            bytes += length + 1;
            if (length > NtmName.LabelMost || here + 1 + length > message.Length || bytes > DnsMessage.NameBytesMost)
            {
                return false;
            }

            if (text.Length > 0)
            {
                text.Append('.');
            }

            Append(text, message.Slice(here + 1, length));
            here += length + 1;
        }

        return false;
    }

    /// <summary>Appends a label: bytes that are not letters, digits, hyphens or underscores as \DDD (RFC 1035 section 5.1).</summary>
    public static void Append(StringBuilder name, ReadOnlySpan<byte> label)
    {
        foreach (var b in label)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_')
            {
                name.Append(char.ToLowerInvariant((char)b));
            }
            else
            {
                name.Append('\\').Append(b.ToString("D3", CultureInfo.InvariantCulture));
            }
        }
    }
}
