using Ntm.Coordinator;
using Ntm.Fast.Tests.HardNats;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>The route decision as a table. A candidate is kind, address and uplink: l(ocal), c(oordinator saw), r(elay saw), p(ort opened).</summary>
public sealed class RouteDecisionTests
{
    private const string Cone1 = "l 192.168.1.2:1|c 198.51.100.1:1|r 198.51.100.1:1";
    private const string Cone2 = "l 192.168.1.2:1|c 198.51.100.2:2|r 198.51.100.2:2";
    private const string Symmetric1 = "l 192.168.1.2:1|c 198.51.100.1:1|r 198.51.100.1:9";
    private const string Symmetric2 = "l 192.168.1.2:1|c 198.51.100.2:2|r 198.51.100.2:9";
    private const string Symmetric1b = "l 192.168.1.3:1|c 198.51.100.1:3|r 198.51.100.1:7";
    private const string Unjudged = "l 192.168.1.2:1|c 198.51.100.2:2";
    private const string Six = "l [2001:db8:2::1]:1|c [2001:db8:2::1]:1";

    [Theory]
    [InlineData(Cone1, Cone2, true, RouteVerdict.RouteRelayThenDirect, "neither NAT maps by destination")]
    [InlineData(Cone1, Symmetric2, true, RouteVerdict.RouteRelayThenDirect, "only one NAT is known to map by destination")]
    [InlineData(Symmetric1, Cone2, true, RouteVerdict.RouteRelayThenDirect, "only one NAT is known to map by destination")]
    [InlineData(Symmetric1, Symmetric2, true, RouteVerdict.RouteRelayOnly, "both NATs map by destination")]
    [InlineData(Symmetric1, Symmetric1b, true, RouteVerdict.RouteRelayThenDirect, "both are seen with the same address")]
    [InlineData(Symmetric1, Unjudged, true, RouteVerdict.RouteRelayThenDirect, "only one NAT is known to map by destination")]
    [InlineData(Cone1, Unjudged, true, RouteVerdict.RouteRelayThenDirect, "nothing is known against a direct path")]
    [InlineData(Cone1, Six, true, RouteVerdict.RouteRelayOnly, "no address family in common")]
    [InlineData(Six, Six, true, RouteVerdict.RouteRelayThenDirect, "both have IPv6")]
    [InlineData(Symmetric1 + "|" + Six, Symmetric2 + "|" + Six, true, RouteVerdict.RouteRelayThenDirect, "both have IPv6")]
    [InlineData("p 198.51.100.1:5|" + Symmetric1, Symmetric2, true, RouteVerdict.RouteRelayThenDirect, "the box in front of one has opened a port")]
    [InlineData("p 10.1.2.3:5|" + Symmetric1, Symmetric2, true, RouteVerdict.RouteRelayOnly, "both NATs map by destination")] // a NAT behind the NAT
    [InlineData("p [2001:db8:2::1]:5|" + Symmetric1, Symmetric2, true, RouteVerdict.RouteRelayOnly, "both NATs map by destination")]
    [InlineData(Cone1, Cone2, false, RouteVerdict.RouteDirectOnly, "no relay both have; neither NAT maps by destination")]
    [InlineData(Symmetric1, Symmetric2, false, RouteVerdict.RouteDirectOnly, "no relay both have; both NATs map by destination, so direct will probably fail")]
    [InlineData(Cone1, Six, false, RouteVerdict.RouteUnspecified, "no address family in common and no relay both have")]
    [InlineData("l 192.168.1.2:1", "l 192.168.1.2:1", true, RouteVerdict.RouteRelayOnly, "no address family in common")]
    [InlineData("", "", true, RouteVerdict.RouteRelayOnly, "no address family in common")]
    public void Each_pair_has_its_verdict_and_reason(string asker, string responder, bool relay, RouteVerdict verdict, string reason)
    {
        Assert.Equal(new RouteDecision(verdict, reason), RouteDecision.Judge(Read(asker), Read(responder), relay));
        Assert.Equal(verdict, RouteDecision.Judge(Read(responder), Read(asker), relay).Verdict);
    }

    /// <summary>Two NATs that map by destination: what their nodes have observed decides whether a direct path is worth trying.</summary>
    [Theory]
    [InlineData(HardNat.Stepped, HardNat.Preserving, RouteVerdict.RouteRelayThenDirect, "both NATs map by destination, and both ports can be predicted")]
    [InlineData(HardNat.Stepped, HardNat.PortSet, RouteVerdict.RouteRelayThenDirect, "both NATs map by destination; one's ports can be predicted, the other's are few")]
    [InlineData(HardNat.Scattered, HardNat.Open, RouteVerdict.RouteRelayThenDirect, "both NATs map by destination: some of one's ports can be tried")]
    [InlineData(HardNat.Scattered, HardNat.Scattered, RouteVerdict.RouteRelayOnly, "both NATs give every destination another port without a pattern")]
    [InlineData(HardNat.PortSet, HardNat.PortSet, RouteVerdict.RouteRelayOnly, "both NATs give every destination another port without a pattern")]
    [InlineData(HardNat.Stepped, HardNat.Scattered, RouteVerdict.RouteRelayOnly, "both NATs map by destination, and one of them without a pattern")]
    [InlineData(HardNat.Stepped, null, RouteVerdict.RouteRelayOnly, "both NATs map by destination")]
    [InlineData(HardNat.PortRestricted, HardNat.Scattered, RouteVerdict.RouteRelayThenDirect, "only one NAT is known to map by destination")] // what was looked at closely counts
    public void Hard_NATs_are_judged_by_what_was_observed(string one, string? other, RouteVerdict verdict, string reason)
    {
        IReadOnlyList<NatTraits> ones = [HardNat.Traits(one)], others = other is null ? [] : [HardNat.Traits(other)];
        Assert.Equal(new RouteDecision(verdict, reason), RouteDecision.Judge(Read(Symmetric1), Read(Symmetric2), true, ones, others));
        Assert.Equal(new RouteDecision(verdict, reason), RouteDecision.Judge(Read(Symmetric2), Read(Symmetric1), true, others, ones));
        Assert.Equal(RouteVerdict.RouteDirectOnly, RouteDecision.Judge(Read(Symmetric1), Read(Symmetric2), false, ones, others).Verdict);
    }

    [Theory]
    [InlineData(Cone1, false)]
    [InlineData(Symmetric1, true)]
    [InlineData(Unjudged, null)]
    [InlineData("c 198.51.100.1:1 0|r 198.51.100.1:9 0|c 198.51.100.7:1 1|r 198.51.100.7:1 1", false)] // two uplinks, one good
    [InlineData("c 198.51.100.1:1 0|r 198.51.100.7:1 1", null)] // of different uplinks
    [InlineData("c 198.51.100.1:1|r 198.51.100.1:1|r 198.51.100.1:2", true)] // another relay saw another
    [InlineData("c [2001:db8::1]:1|r [2001:db8::1]:2", null)] // IPv4 NATs only
    public void Mapping_is_judged_per_uplink(string candidates, bool? byDestination) =>
        Assert.Equal(byDestination, RouteDecision.MapsByDestination(Read(candidates)));

    [Theory]
    [InlineData("198.51.100.1:1", true, false)]
    [InlineData("10.1.2.3:1", true, true)]
    [InlineData("172.16.0.1:1", true, true)]
    [InlineData("172.32.0.1:1", true, false)]
    [InlineData("192.168.1.1:1", true, true)]
    [InlineData("100.64.0.1:1", true, true)]
    [InlineData("100.128.0.1:1", true, false)]
    [InlineData("0.0.0.0:1", false, false)]
    [InlineData("127.0.0.1:1", false, false)]
    [InlineData("169.254.3.4:1", false, false)]
    [InlineData("224.0.0.1:1", false, false)]
    [InlineData("255.255.255.255:1", false, false)]
    [InlineData("[2001:db8::1]:1", true, false)]
    [InlineData("[fc00::1]:1", true, true)]
    [InlineData("[::]:1", false, false)]
    [InlineData("[::1]:1", false, false)]
    [InlineData("[fe80::1]:1", false, false)]
    [InlineData("[febf::1]:1", false, false)]
    [InlineData("[ff02::1]:1", false, false)]
    [InlineData("[64:ff9b::1]:1", false, false)]
    public void Addresses_are_sorted(string address, bool possible, bool isPrivate)
    {
        var zone = new Ntm.Signalling.Trust.ZoneAddressing("home.example").Prefix;
        Assert.Equal(possible, CandidateAddress.IsPossible(Hall.Address(address), zone));
        if (possible)
        {
            Assert.Equal(isPrivate, CandidateAddress.IsPrivate(Hall.Address(address)));
        }

        Assert.False(CandidateAddress.IsPossible(new RealAddress(zone.High, 1, 1), zone));
    }

    [Fact]
    public void An_open_port_is_handed_out_first_and_beside_the_same_address_as_it_is_seen()
    {
        var handed = CandidateRules.HandedOut(Read("c 198.51.100.1:1|l 192.168.1.2:1|p 198.51.100.1:1"), Read(Cone2));
        Assert.Equal([CandidateKind.CandidatePortMapped, CandidateKind.CandidateMappedAtCoordinator], handed.Select(c => c.Kind));
    }

    private static List<NodeCandidate> Read(string text) =>
    [
        .. text.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split(' ')).Select(w => new NodeCandidate(
            w[0] switch
            {
                "l" => CandidateKind.CandidateLocal,
                "c" => CandidateKind.CandidateMappedAtCoordinator,
                "p" => CandidateKind.CandidatePortMapped,
                _ => CandidateKind.CandidateMappedAtRelay,
            },
            Hall.Address(w[1]), w.Length > 2 ? uint.Parse(w[2], System.Globalization.CultureInfo.InvariantCulture) : 0)),
    ];
}
