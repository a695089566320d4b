using Ntm.Crypto;

namespace Ntm.Benchmarks.Contestants;

/// <summary>All who may take part, in the order of the tables.</summary>
internal static class Roster
{
    /// <summary>Against whom the others are measured: names as tables show them.</summary>
    public const string Plain = "veth, no tunnel", Ours = "ours, ChaCha20-Poly1305", OursAes = "ours, AES-256-GCM", OursAesInstructions = "ours, AES by instructions", Null = "ours, null cipher";

    /// <summary>The product between devices of IPv6, and of IPv4.</summary>
    public const string Homes6 = "homes, IPv6 to IPv6", Homes4 = "homes, IPv4 to IPv4";

    /// <param name="wireGuards">The builds of wireguard-go that are there.</param>
    /// <param name="profiled">Ours tell perf where their code is, which slows their start.</param>
    public static IReadOnlyList<Entry> All(IReadOnlyList<string> wireGuards, bool profiled = false) =>
    [
        new("ours", [], b => [OurPair.Make(b, Ours, "peer", profiled)]) { IsOurs = true },
        .. CipherHardware.HasAes
            ? [
                new Entry("ours-aes", [], b => [OurPair.Make(b, OursAes, "peer", profiled, PathPeer.Aes)]) { IsOurs = true },
                new Entry("ours-aes-instructions", [], b => [OurPair.Make(b, OursAesInstructions, "peer", profiled, PathPeer.AesInstructions)]) { IsOurs = true },
            ]
            : (Entry[])[],
        new("homes", [], b => [Homes.Make(b, Homes6, isIPv4: false, profiled), Homes.Make(b, Homes4, isIPv4: true, profiled)]) { IsOurs = true },
        new("null", [], b => [OurPair.Make(b, Null, "null")]),
        .. wireGuards.Select(program => new Entry("wireguard-go", [program, "wg"], b => [WireGuardPair.Make(b, program)])),
        new("nebula", ["nebula", "nebula-cert"], b => [NebulaPair.Make(b)]),
        new("openvpn", ["openvpn"], b => [OpenVpnPair.Make(b)]),
        new("tinc", ["tincd"], b => [TincPair.Make(b)]),
        new("plain", [], b => [PlainVeth.Make(b)]),
    ];
}
