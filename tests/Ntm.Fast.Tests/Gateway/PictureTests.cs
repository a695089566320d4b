using System.Net;
using Ntm.Gateway;
using Ntm.Interface;
using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Gateway;

/// <summary>The core's status as documents.</summary>
public sealed class PictureTests
{
    private static readonly Now At = new(TimeSpan.FromSeconds(1_000), new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Ages_names_and_addresses_are_spelt_for_people()
    {
        var own = VirtualAddress.Compose(0x11_2233_4455, 0x0102_0304_0506_0708, 0);
        var key = new PublicKey(new byte[32]);
        RealAddress.TryParse("203.0.113.20:4916", out var relay);
        RealAddress.TryParse("192.0.2.7:41641", out var local);
        var status = new NodeStatus(
            new MemberStatus("home.example", "alice", own, key, true, "dc1: answered", [], [new ServerStatus("rs1", key, relay, true, TimeSpan.FromSeconds(990))]),
            [new UplinkStatus(new UplinkState(3, "catv", true, "it has an address", [local]), [("relay", relay)], "not known yet", 5, 6)
            {
                Ports = [new PortStatus(true, "PCP", relay, TimeSpan.FromSeconds(1000 + 1790), "port 41641 is open"), new PortStatus(false, null, default, null, "no port is open: no answer")],
            }],
            [
                new DeviceStatus(new MacAddress(2), 2, null, [], null, PortSet.All),
                new DeviceStatus(new MacAddress(1), 1, "nas", [IPAddress.Parse("192.168.1.20")], TimeSpan.FromSeconds(999.5), PortSet.All),
            ],
            [
                new PeerStatus("bob.home.example", key, own.WithNumber(1), true, false, "the relay is the only path", TimeSpan.FromSeconds(900), null, 7, 8,
                    [new AliasStatus(0xC612_0007, own.WithNumber(2), "nas.bob.home.example")],
                    [new PathStatus(new WirePath(3, relay, 17), "relay", "used", TimeSpan.FromMicroseconds(41_235), "it is the only path", 1, 2)]),
            ],
            new SharingStatus(
                null, [new GivenShareStatus(1, "nas.alice.home.example", "Dave", PortSet.All, At.Wall, false, "friends.example")],
                [new TakenShareStatus("cam.eve.other.example", "tcp/443", At.Wall, true)]),
            new Dictionary<string, long> { ["tunnel-replayed"] = 1 });
        var picture = Picture.Of(status, null, At, TimeSpan.FromSeconds(400), "0.1.0", [new("tunnel-replayed", 2), new("wire-full", 3)]);

        Assert.Equal((600.0, At.Wall), (picture.Status.UptimeSeconds, picture.Status.Now));
        Assert.Equal("alice.home.example", picture.Status.Member!.Node);
        Assert.Equal(10_000, picture.Status.Member.Relays[0].LastHeardMs);
        Assert.Equal("192.0.2.7:41641", picture.Status.Uplinks[0].Addresses[0]);
        Assert.Equal(("IPv4", "PCP", relay.ToString(), 0), (picture.Status.Uplinks[0].Ports[0].Family, picture.Status.Uplinks[0].Ports[0].By, picture.Status.Uplinks[0].Ports[0].Address, picture.Status.Uplinks[0].Ports[0].Until!.Value.Second));
        Assert.Equal(new PortDocument("IPv6", null, null, null, "no port is open: no answer"), picture.Status.Uplinks[0].Ports[1]);
        Assert.Equal((3L, 3L), (picture.Status.Counters["tunnel-replayed"], picture.Status.Counters["wire-full"]));
        Assert.Equal(["nas.alice.home.example", null], picture.Devices.Select(device => device.FullName));
        Assert.Equal((500.0, (double?)null), (picture.Devices[0].LastSeenMs, picture.Devices[1].LastSeenMs));
        var peer = Assert.Single(picture.Peers);
        Assert.Equal((100_000.0, (double?)null), (peer.LastHandshakeMs, peer.LastReceivedMs));
        Assert.Equal("198.18.0.7", peer.Aliases[0].Alias);
        Assert.Equal(("catv", "203.0.113.20:4916", 17u, 41.235), (peer.Paths[0].Uplink, peer.Paths[0].Address, peer.Paths[0].Channel, peer.Paths[0].RoundTripMs));
    }

    [Fact]
    public void Only_what_was_found_has_addresses()
    {
        var vip = VirtualAddress.Compose(1, 2, 3);
        Assert.Equal("198.18.0.7", Picture.Of("n", new(NameVerdict.Found, vip, 0xC612_0007, "r"), TimeSpan.FromMilliseconds(1)).Alias);
        var missing = Picture.Of("n", new(NameVerdict.NoSuchName, vip, 7, "r"), TimeSpan.Zero);
        Assert.Equal(("no-such-name", null, null), (missing.Verdict, missing.Vip, missing.Alias));
    }

    [Fact]
    public void Every_verdict_has_its_own_spelling() => Assert.Equal(
        Enum.GetValues<NameVerdict>().Length, Enum.GetValues<NameVerdict>().Select(Picture.Spell).Distinct().Count());
}
