using System.Net;
using System.Text;
using Ntm.Linux;
using Ntm.Node;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Tells dnsmasq, which stands in front, what to ask the overlay's DNS: our zone, the reverse ranges, and of other owners' zones only the nodes that share
/// something. dnsmasq reads such a file (--servers-file) again on SIGHUP.
/// </summary>
/// <param name="Servers">The file; null: the owner keeps dnsmasq's configuration himself.</param>
/// <param name="PidFile">dnsmasq's.</param>
public sealed record NameForwarding(string? Servers, string? PidFile)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The file's lines.</summary>
    /// <param name="aliases">The alias range.</param>
    /// <param name="dns">Where the overlay's DNS listens.</param>
    public static IReadOnlyList<string> Lines(string zone, IEnumerable<OtherZone> others, IPNetwork aliases, IPEndPoint dns)
    {
        var server = $"{dns.Address}#{dns.Port}";
        var names = others.Select(o => o.Scope).OfType<string>().Prepend(zone).Distinct().Order(StringComparer.Ordinal);
        return
        [
            "# Written by ntm-gateway; what is changed here is overwritten.",
            .. names.Select(name => $"server=/{name}/{server}"),
            $"rev-server={aliases},{server}",
            $"rev-server=fd00::/8,{server}",
        ];
    }

    /// <summary>Writes the file where it is another than before, and asks dnsmasq to read it.</summary>
    public void Tell(IReadOnlyList<string> lines, ILogger log)
    {
        if (Servers is null)
        {
            return;
        }

        var content = string.Join('\n', lines) + '\n';
        try
        {
            if (File.Exists(Servers) && File.ReadAllText(Servers) == content)
            {
                return;
            }

            DurableFile.Write(Servers, Encoding.ASCII.GetBytes(content), Readable, replace: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning("dnsmasq is not told of the names to ask here: {File} cannot be written: {Reason}", Servers, e.Message);
            return;
        }

        if (PidFile is not null && Daemon.Reload(PidFile, "dnsmasq") is { } problem)
        {
            log.Warning("dnsmasq was not asked to read {File} again: {Reason} It reads it when it starts.", Servers, problem);
        }
    }
}
