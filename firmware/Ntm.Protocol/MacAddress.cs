using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Ntm.Protocol;

/// <summary>A LAN device's 48-bit MAC address, by which its numbers are kept.</summary>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Reads "aa:bb:cc:dd:ee:ff" or with hyphens, either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        if (text is not { Length: 17 })
        {
            return false;
        }

        ulong value = 0;
        for (var i = 0; i < 17; i += 3)
        {
            // Digits only: the library's parser takes a zero character after one.
            if (!char.IsAsciiHexDigit(text[i]) || !char.IsAsciiHexDigit(text[i + 1])
                || !byte.TryParse(text.AsSpan(i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b)
                || (i < 15 && text[i + 2] is not (':' or '-')))
            {
                return false;
            }

            value = (value << 8) | b;
        }

        mac = new(value);
        return true;
    }

    /// <param name="six">Exactly 6 bytes.</param>
    public static MacAddress Read(ReadOnlySpan<byte> six) =>
        new(((ulong)six[0] << 40) | ((ulong)six[1] << 32) | ((ulong)six[2] << 24) | ((ulong)six[3] << 16) | ((ulong)six[4] << 8) | six[5]);

    /// <summary>Lower case with colons.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}");
}
