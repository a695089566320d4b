using System.Net;
using Ntm.Node;
using Ntm.Node.Devices;

namespace Ntm.Gateway;

/// <summary>dnsmasq's lease file (dnsmasq(8), --dhcp-leasefile), read again where it changed; <see cref="LeaseText"/> says what stands in it.</summary>
public sealed class LeaseFile(string path, IReadOnlyList<IPNetwork> networks)
{
    /// <summary>Bytes of the file that are read, at most: a home's leases have about 80 each.</summary>
    public const int BytesMost = 256 * 1024;

    private (DateTime Written, long Length) _read;

    public IReadOnlyList<Lease> Leases { get; private set; } = [];

    /// <summary>Reads the file where it changed. A file that is not there has no leases: dnsmasq makes it with the first.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Look()
    {
        var file = new FileInfo(path);
        var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        if (now == _read)
        {
            return;
        }

        if (!file.Exists)
        {
            Leases = [];
        }
        else
        {
            using var stream = file.OpenRead();
            var bytes = new byte[(int)Math.Min(BytesMost, now.Length)];
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            Leases = LeaseText.Parse(bytes.AsSpan(0, read), networks);
        }

        _read = now;
    }
}
