using Ntm.Interface;

namespace Ntm.Fast.Tests.Interface;

/// <summary>A home as an owner might see it: one direct peer, one relayed, one uplink down. Documentation addresses only.</summary>
internal static class SamplePicture
{
    public const string AliceKey = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";

    public static PictureDocument Member { get; } = new(
        new StatusDocument(
            "0.1.0", new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), 8_105,
            new MemberDocument(
                "home.example", "alice.home.example", "fd3c:9a51:7e02:4b1d:88c2:9f10:6a7e:0", AliceKey, true, "coordinator: registered",
                [new ServerDocument("dc1", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", "203.0.113.10:4916", true, 12_000)],
                [
                    new ServerDocument("rs1", "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=", "203.0.113.20:4916", true, 4_000),
                    new ServerDocument("rs2", "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=", "203.0.113.21:4916", false, null),
                ]),
            [
                new UplinkDocument(
                    "catv", "usable", "it has an address and a default route by IPv4 and IPv6", ["192.0.2.7:41641", "[2001:db8:1::7]:41641"],
                    [new MappedDocument("coordinator", "198.51.100.44:41641"), new MappedDocument("relay", "198.51.100.44:41641")],
                    "a NAT that maps independently of the destination", 184_220_115, 22_904_880)
                {
                    Nats =
                    [
                        new NatDocument(
                            "IPv4", "Behind a NAT that uses one outside port for all destinations, lets in only addresses spoken to, forgets silent mappings after about 2 min.",
                            "Direct connections work with nearly all homes.", "endpoint-independent", "address-dependent", "preserving", null, false, false, 110_000, 140_000, 82_500),
                    ],
                },
                new UplinkDocument("lte", "unusable", "the interface wan1 has no address", [], [], "not known yet", 0, 0),
            ],
            new SortedDictionary<string, long> { ["tunnel-replayed"] = 3, ["admission-not-published"] = 41, ["tunnel-forged"] = 0 })
        {
            DataPath = new(
                "super-packets of TCP and UDP", 3, "AES-256-GCM, ChaCha20-Poly1305",
                [new SocketDocument("catv", "IPv4", "runs", "runs"), new SocketDocument("catv", "IPv6", "one by one: the device spoils runs", "runs")]),
        },
        [
            new DeviceDocument("02:00:5e:10:00:01", 1, "nas", "nas.alice.home.example", true, ["192.168.1.20", "fe80::5eff:fe10:1"], 2_000),
            new DeviceDocument("02:00:5e:10:00:02", 2, null, null, false, ["192.168.1.34"], 95_000),
            new DeviceDocument("02:00:5e:10:00:03", 3, "printer", "printer.alice.home.example", true, [], null),
        ],
        [
            new PeerDocument(
                "bob.home.example", "bQ1WJlHyyCwGlQR1V9H0bJbpPYO7OvvlGLC3yQe3rQo=", "fd3c:9a51:7e02:77aa:1f0e:2bb1:90c4:0", true, true,
                "direct: both directions are proven, 18.2 ms round trip", 64_000, 1_200, 98_422_001, 5_310_442,
                [new AliasDocument("198.18.0.7", "fd3c:9a51:7e02:77aa:1f0e:2bb1:90c4:1", "nas.bob.home.example")],
                [
                    new PathDocument("catv", "203.0.113.20:4916", 17, "relay", "proven", 41.7, "ready, not used", 12_400, 11_020),
                    new PathDocument("catv", "198.51.100.80:51820", 0, "mapped", "used", 18.24, "direct: both directions are proven, 18.2 ms round trip", 5_298_042, 98_410_981),
                    new PathDocument("catv", "192.168.7.2:51820", 0, "local", "failed", null, "went silent", 620, 0),
                ])
            {
                Cipher = "AES-256-GCM",
            },
            new PeerDocument(
                "carol.home.example", "yPwgLTf1mZlVj9+1iZp5mV0AVnxUKmIbpA0tkGcyKEU=", "fd3c:9a51:7e02:c0ff:3e01:7d42:11ab:0", true, false,
                "relay: both NATs map by destination", 12_000, 300, 44_120, 51_002, [],
                [new PathDocument("catv", "203.0.113.20:4916", 21, "relay", "used", 43.1, "relay: both NATs map by destination", 51_002, 44_120)]),
            new PeerDocument(
                "dora.home.example", "Kj0mEJ9u0aQ4l7nqZQ1rK0m0Q0dXo8m2k2yZ6cV0d1A=", "fd3c:9a51:7e02:d0d0:1111:2222:3333:0", false, false,
                "no path is proven", 400_000, null, 1_204, 800, [], []),
        ]);

    public static PictureDocument Alone { get; } = new(
        Member.Status with { Member = null, Counters = new Dictionary<string, long>() }, [], []);
}
