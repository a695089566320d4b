namespace Ntm.Box.World;

/// <summary>
/// Debian's unbound as the recursive resolver of an internet whose root is ours: it begins at the root server it is told of and finds everything else itself. It does not
/// validate (DNSSEC), because this root is not signed; NTM asks for none, since the owner key tells who is who.
/// </summary>
/// <param name="folder">Made where it is missing.</param>
/// <param name="address">UDP and TCP, port 53.</param>
/// <param name="root">The address of the root's server, which is named ns. there (<see cref="Nsd.Zone"/>).</param>
internal sealed class Unbound(string folder, string address, string root)
{
    /// <summary>Runs it in the foreground; what it says goes to standard error.</summary>
    public string[] Command => ["unbound", "-d", "-p", "-c", ConfigFile];

    public string Address => address;

    private string ConfigFile => Path.Combine(folder, "unbound.conf");

    /// <param name="udpBytes">Longest answer by UDP: small ones make askers come by TCP.</param>
    public void Write(int udpBytes = 1232)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "root.hints"), $". 3600000 IN NS ns.\nns. 3600000 IN A {root}\n");
        File.WriteAllText(ConfigFile, $"""
            server:
              interface: {address}
              outgoing-interface: {address}
              access-control: 0.0.0.0/0 allow
              module-config: "iterator"
              root-hints: "{folder}/root.hints"
              directory: "{folder}"
              chroot: ""
              username: ""
              pidfile: ""
              logfile: ""
              use-syslog: no
              verbosity: 1
              num-threads: 1
              do-ip6: no
              max-udp-size: {udpBytes}
              local-zone: "example." transparent
            remote-control:
              control-enable: no

            """);
    }
}
