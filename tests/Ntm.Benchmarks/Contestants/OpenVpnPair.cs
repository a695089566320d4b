using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ntm.Protocol;

namespace Ntm.Benchmarks.Contestants;

/// <summary>openvpn at both ends, from point to point over UDP, with AES-256-GCM and certificates that each knows by their fingerprints.</summary>
internal static class OpenVpnPair
{
    public static Contestant Make(Belongings belongings)
    {
        var wire = new Wire(belongings);
        var folder = belongings.Folder();
        var prints = new[] { "left", "right" }.ToDictionary(name => name, name => Certify(folder, name));
        string Command(string name, string other, string remote, string role, System.Net.IPAddress inside, System.Net.IPAddress theirs, System.Net.IPAddress inside6, System.Net.IPAddress theirs6) =>
            $"openvpn --dev tun0 --dev-type tun --proto udp --remote {remote} --port 1194 --{role} --cert {folder}/{name}.crt --key {folder}/{name}.key --peer-fingerprint {prints[other]} "
            + $"--data-ciphers AES-256-GCM --cipher AES-256-GCM --ifconfig {inside} {theirs} --ifconfig-ipv6 {inside6}/64 {theirs6} --tun-mtu {Limits.MtuInside} --mssfix 0 --dh none --verb 0";
        var ends = new[]
        {
            wire.Left.Start(Command("left", "right", Wire.RightAddress, "tls-client", Wire.LeftInside4, Wire.RightInside4, Wire.LeftInside, Wire.RightInside)).Id,
            wire.Right.Start(Command("right", "left", Wire.LeftAddress, "tls-server", Wire.RightInside4, Wire.LeftInside4, Wire.RightInside, Wire.LeftInside)).Id,
        };
        return new Contestant("openvpn", wire, Wire.RightInside, ends);
    }

    /// <returns>The certificate's SHA-256 fingerprint as openvpn writes it.</returns>
    private static string Certify(string folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText($"{folder}/{name}.crt", certificate.ExportCertificatePem());
        File.WriteAllText($"{folder}/{name}.key", key.ExportPkcs8PrivateKeyPem());
        return string.Join(':', Convert.ToHexString(certificate.GetCertHash(HashAlgorithmName.SHA256)).Chunk(2).Select(pair => new string(pair)));
    }
}
