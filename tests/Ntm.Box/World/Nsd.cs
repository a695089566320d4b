using System.Text;

namespace Ntm.Box.World;

/// <summary>
/// Debian's nsd, authoritative for the zones it is given: how the public DNS above and beside our own servers is played by a program that nobody of this project
/// has a hand in. It runs in whatever place <see cref="Command"/> is started, keeps to its folder and one address, and needs no user of its own.
/// </summary>
/// <param name="folder">Made where it is missing.</param>
/// <param name="address">UDP and TCP, port 53.</param>
internal sealed class Nsd(string folder, string address)
{
    /// <summary>Runs it in the foreground; what it says goes to standard error.</summary>
    public string[] Command => ["nsd", "-d", "-c", ConfigFile];

    public string Address => address;

    private string ConfigFile => Path.Combine(folder, "nsd.conf");

    /// <summary>The text of a zone with this server as its only one.</summary>
    /// <param name="zone">Without the trailing dot; empty: the root.</param>
    /// <param name="lines">What else stands in it, with full names.</param>
    public string Zone(string zone, params IEnumerable<string> lines)
    {
        var server = zone.Length == 0 ? "ns." : $"ns.{zone}.";
        return string.Join('\n', [
            $"{zone}. 3600 IN SOA {server} nobody.invalid. 1 3600 600 86400 60", $"{zone}. 3600 IN NS {server}", $"{server} 3600 IN A {address}", .. lines, "",
        ]);
    }

    /// <summary>What stands in the zone above it.</summary>
    public IReadOnlyList<string> Delegation(string zone) => [$"{zone}. 3600 IN NS ns.{zone}.", $"ns.{zone}. 3600 IN A {address}"];

    /// <summary>Writes its configuration and zones; a running one does not look again.</summary>
    /// <param name="zones">Name and text.</param>
    public void Write(IReadOnlyDictionary<string, string> zones)
    {
        Directory.CreateDirectory(folder);
        var config = new StringBuilder($"""
            server:
              ip-address: {address}
              username: "root"
              chroot: ""
              zonesdir: "{folder}"
              database: ""
              pidfile: ""
              xfrdfile: "{folder}/xfrd.state"
              xfrdir: "{folder}"
              zonelistfile: "{folder}/zone.list"
              server-count: 1
              hide-version: yes
              rrl-ratelimit: 0
            remote-control:
              control-enable: no

            """);
        foreach (var (zone, text) in zones)
        {
            var file = zone.Length == 0 ? "root.zone" : $"{zone}.zone";
            File.WriteAllText(Path.Combine(folder, file), text);
            config.Append($"zone:\n  name: \"{zone}.\"\n  zonefile: \"{file}\"\n");
        }

        File.WriteAllText(ConfigFile, config.ToString());
    }
}
