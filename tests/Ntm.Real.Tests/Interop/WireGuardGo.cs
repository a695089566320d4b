using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Interop;

/// <summary>A wireguard-go in a namespace: the stock peer that we must get on with.</summary>
internal sealed class WireGuardGo : IDisposable
{
    private readonly TestNamespace _where;
    private readonly Process _process;
    private readonly StaticKeyPair _key;

    /// <param name="port">Its UDP port.</param>
    /// <param name="inside">Its addresses inside the tunnel, each routing its whole prefix.</param>
    /// <param name="endpoint">Where we are, as `wg` writes it; null: we come to it.</param>
    /// <param name="program">Another build of it.</param>
    public WireGuardGo(
        TestNamespace where, StaticKeyPair key, PublicKey peer, string? endpoint, int port, string[] inside, byte[]? presharedKey = null,
        string program = "wireguard-go")
    {
        (_where, _key) = (where, key);

        // Its control socket lies in a folder that namespaces share: the name must be unique.
        Device = $"wg{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5))}";
        _process = where.Start($"{program} -f {Device}", ("WG_PROCESS_FOREGROUND", "1"), ("LOG_LEVEL", "error"));
        TestNamespace.WaitFor(() => File.Exists(ControlSocket) && where.Try($"wg show {Device}"), "wireguard-go's control socket");
        Configure($"""
            [Interface]
            PrivateKey = {Convert.ToBase64String(key.Private)}
            ListenPort = {port}
            [Peer]
            PublicKey = {peer}
            AllowedIPs = 0.0.0.0/0, ::/0
            {(endpoint is null ? "" : $"Endpoint = {endpoint}")}
            {(presharedKey is null ? "" : $"PresharedKey = {Convert.ToBase64String(presharedKey)}")}
            """);
        foreach (var prefix in inside)
        {
            where.Run($"ip address add {prefix} dev {Device}{(prefix.Contains(':') ? " nodad" : "")}");
        }

        where.Run($"ip link set {Device} mtu {Limits.MtuInside} up");
    }

    public string Device { get; }

    public PublicKey Key => _key.Public;

    public int Id => _process.Id;

    /// <summary>When the last handshake completed, in its own words; null: never.</summary>
    public DateTimeOffset? LatestHandshake
    {
        get
        {
            var seconds = long.Parse(_where.Run($"wg show {Device} latest-handshakes").Split()[1], CultureInfo.InvariantCulture);
            return seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(seconds);
        }
    }

    /// <summary>Where it sends to us at present.</summary>
    public string Endpoint => _where.Run($"wg show {Device} endpoints").Split()[1];

    private string ControlSocket => $"/var/run/wireguard/{Device}.sock";

    /// <summary>Goes on from another port, as behind a NAT that forgot it.</summary>
    public void ChangePort(int port) => _where.Run($"wg set {Device} listen-port {port}");

    public void Dispose()
    {
        _where.Stop(_process);
        File.Delete(ControlSocket);
    }

    private void Configure(string text)
    {
        var file = Path.GetTempFileName(); // readable by its owner only
        try
        {
            File.WriteAllText(file, text);
            _where.Run($"wg setconf {Device} {file}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
