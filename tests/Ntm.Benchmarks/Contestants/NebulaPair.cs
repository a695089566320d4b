using Ntm.Protocol;

namespace Ntm.Benchmarks.Contestants;

/// <summary>nebula at both ends, with a certificate authority made for the occasion. It knows IPv4 only inside; AES-256-GCM as it comes.</summary>
internal static class NebulaPair
{
    private const int Port = 4242;

    public static Contestant Make(Belongings belongings)
    {
        var wire = new Wire(belongings);
        var folder = belongings.Folder();
        wire.Left.Run($"nebula-cert ca -name path -out-crt {folder}/ca.crt -out-key {folder}/ca.key");
        var ends = new[]
        {
            (Where: wire.Left, Name: "left", Inside: Wire.LeftInside4, Other: Wire.RightInside4, Endpoint: Wire.RightAddress),
            (Where: wire.Right, Name: "right", Inside: Wire.RightInside4, Other: Wire.LeftInside4, Endpoint: Wire.LeftAddress),
        }.Select(end =>
        {
            wire.Left.Run($"nebula-cert sign -ca-crt {folder}/ca.crt -ca-key {folder}/ca.key -name {end.Name} -ip {end.Inside}/24 -out-crt {folder}/{end.Name}.crt -out-key {folder}/{end.Name}.key");
            File.WriteAllText($"{folder}/{end.Name}.yml", $$"""
                pki: { ca: {{folder}}/ca.crt, cert: {{folder}}/{{end.Name}}.crt, key: {{folder}}/{{end.Name}}.key }
                static_host_map: { "{{end.Other}}": ["{{end.Endpoint}}:{{Port}}"] }
                lighthouse: { am_lighthouse: false }
                listen: { host: 0.0.0.0, port: {{Port}} }
                punchy: { punch: false }
                tun: { dev: nebula0, mtu: {{Limits.MtuInside}}, tx_queue: 500 }
                logging: { level: error }
                firewall:
                  outbound: [ { port: any, proto: any, host: any } ]
                  inbound: [ { port: any, proto: any, host: any } ]

                """);
            return end.Where.Start($"nebula -config {folder}/{end.Name}.yml").Id;
        }).ToArray();
        return new Contestant("nebula", wire, Wire.RightInside4, ends);
    }
}
