using System.Security.Cryptography;
using Ntm.Protocol;

namespace Ntm.Benchmarks.Contestants;

/// <summary>tinc 1.0 at both ends, with AES-256-CBC in place of the Blowfish that it comes with.</summary>
internal static class TincPair
{
    public static Contestant Make(Belongings belongings)
    {
        var wire = new Wire(belongings);
        var sides = new[]
        {
            (Where: wire.Left, Name: "left", Address: Wire.LeftAddress, Inside: Wire.LeftInside),
            (Where: wire.Right, Name: "right", Address: Wire.RightAddress, Inside: Wire.RightInside),
        };
        var keys = sides.Select(_ => RSA.Create(2048)).ToArray();
        var ends = new List<int>();
        foreach (var (side, i) in sides.Select((side, i) => (side, i)))
        {
            var folder = belongings.Folder();
            Directory.CreateDirectory($"{folder}/hosts");
            File.WriteAllText($"{folder}/tinc.conf", $"Name = {side.Name}\nConnectTo = {sides[1 - i].Name}\nInterface = tinc0\nAddressFamily = ipv4\n");
            File.WriteAllText($"{folder}/rsa_key.priv", keys[i].ExportRSAPrivateKeyPem() + "\n");
            foreach (var (host, j) in sides.Select((host, j) => (host, j)))
            {
                File.WriteAllText(
                    $"{folder}/hosts/{host.Name}",
                    $"Address = {host.Address}\nSubnet = {host.Inside}/128\nCipher = aes-256-cbc\nDigest = sha256\n{keys[j].ExportRSAPublicKeyPem()}\n");
            }

            File.WriteAllText($"{folder}/tinc-up", $"#!/bin/sh\nip address add {side.Inside}/64 dev $INTERFACE nodad\nip link set $INTERFACE mtu {Limits.MtuInside} up\n");
            File.SetUnixFileMode($"{folder}/tinc-up", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            ends.Add(side.Where.Start($"tincd -D -c {folder} --pidfile={folder}/pid").Id);
        }

        Array.ForEach(keys, key => key.Dispose());
        return new Contestant("tinc", wire, Wire.RightInside, [.. ends]);
    }
}
