using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Ntm.Linux;

/// <summary>Which addresses of this machine programs hold a UDP port at: /proc/net/udp and udp6 (proc(5)).</summary>
public static class UdpListeners
{
    /// <summary>Addresses at which the port is held in this program's network namespace; 0.0.0.0 and :: are "all of the family".</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static IReadOnlySet<IPAddress> At(ushort port)
    {
        var found = Parse(File.ReadAllText("/proc/net/udp"), port);
        if (File.Exists("/proc/net/udp6"))
        {
            found.UnionWith(Parse(File.ReadAllText("/proc/net/udp6"), port));
        }

        return found;
    }

    /// <summary>Reads the text of such a file; lines that are not as they should be are passed over. Connected sockets are nobody's listeners.</summary>
    /// <remarks>A line: "  12: 0100007F:0035 00000000:0000 07 ...": local and remote address in words of the machine's byte order, ports as numbers.</remarks>
    public static HashSet<IPAddress> Parse(string text, ushort port)
    {
        var found = new HashSet<IPAddress>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 3 && TryEndpoint(words[1], out var local, out var at) && at == port && TryEndpoint(words[2], out _, out var remote) && remote == 0)
            {
                found.Add(local!);
            }
        }

        return found;
    }

    private static bool TryEndpoint(string text, out IPAddress? address, out ushort port)
    {
        address = null;
        port = 0;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out port))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[colon / 2];
        for (var i = 0; i < colon; i += 8)
        {
            if (!uint.TryParse(text.AsSpan(i, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var word))
            {
                return false;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i / 2)..], word); // amd64 and arm64
        }

        address = new IPAddress(bytes);
        return true;
    }
}
