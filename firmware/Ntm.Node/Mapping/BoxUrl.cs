using System.Globalization;
using System.Net;
using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>A URL that a box named: http, and on the box itself. Anything else could send us into the LAN, or against somebody else.</summary>
/// <param name="Box">The box's address with the port of its HTTP server.</param>
/// <param name="Path">Path and query, ASCII, beginning with a slash.</param>
internal readonly record struct BoxUrl(RealAddress Box, string Path)
{
    private const int Longest = 512;

    /// <param name="text">Absolute, or relative to <paramref name="seenFrom"/>.</param>
    /// <param name="box">Who named it, and whom it must lead to; the port does not matter.</param>
    /// <param name="seenFrom">Where it was named; null: it must be absolute.</param>
    public static bool TryRead(string text, RealAddress box, BoxUrl? seenFrom, out BoxUrl url)
    {
        url = default;
        if (text.Length is 0 or > Longest || text.Any(c => c is <= ' ' or > '~' or '\\' or '@'))
        {
            return false;
        }

        if (!text.Contains("://", StringComparison.Ordinal))
        {
            if (seenFrom is not { } from || text.StartsWith("//", StringComparison.Ordinal) || text.Contains('#', StringComparison.Ordinal))
            {
                return false;
            }

            url = new(from.Box, text[0] == '/' ? text : from.Path[..(from.Path.Split('?')[0].LastIndexOf('/') + 1)] + text);
            return url.Path.Length <= Longest;
        }

        if (!text.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = text.AsSpan(7);
        var end = rest.IndexOfAny("/?#");
        var authority = end < 0 ? rest : rest[..end];
        var colon = authority.IndexOf(':');
        ushort port = 80;
        if ((colon >= 0 && (!ushort.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0))
            || !IsAddress(colon < 0 ? authority : authority[..colon], box))
        {
            return false;
        }

        var path = end < 0 ? "" : rest[end..].ToString();
        url = new(box.WithPort(port), path.StartsWith('/') ? path.Split('#')[0] : "/" + path.Split('#')[0]);
        return true;
    }

    // As it is written in full: IPAddress.Parse also reads 3232236033, 0xC0.168.1.1 and the like.
    private static bool IsAddress(ReadOnlySpan<char> host, RealAddress box) => host.SequenceEqual(box.ToIPAddress().ToString());
}
