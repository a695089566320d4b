using System.Net;
using System.Text;
using Ntm.Gateway;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Gateway;

/// <summary>What the core is told of an uplink.</summary>
public sealed class UplinksTests
{
    private static readonly UplinkConfig Catv = new("catv", "wan0", 0);

    private static readonly LinkPicture Good = new(
        [new LinkState(3, "wan0", true, true, 1500)],
        [
            new LinkAddress(3, IPAddress.Parse("192.0.2.7"), 24, true, false),
            new LinkAddress(3, IPAddress.Parse("2001:db8::9"), 64, true, true),
            new LinkAddress(3, IPAddress.Parse("2001:db8::7"), 64, true, false),
            new LinkAddress(3, IPAddress.Parse("2001:db8::8"), 64, false, false),
            new LinkAddress(3, IPAddress.Parse("fe80::7"), 64, true, false),
            new LinkAddress(4, IPAddress.Parse("192.168.1.1"), 24, true, false),
        ],
        [new DefaultRoute(3, true, IPAddress.Parse("192.0.2.1"), 0, 254), new DefaultRoute(3, false, IPAddress.Parse("fe80::1"), 0, 254)]);

    [Fact]
    public void A_good_one_shows_its_addresses_with_the_sockets_port()
    {
        var state = LinkJudgement.Of(2, Catv, Good, 41_641, 41_641, null);
        Assert.True(state.Usable);
        Assert.Equal((2, "catv", "it has an address and a default route by IPv4 and IPv6"), (state.Number, state.Name, state.Reason));
        Assert.Equal(["192.0.2.7:41641", "[2001:db8::7]:41641", "[2001:db8::9]:41641"], state.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public void It_names_its_default_gateways_and_whether_they_may_be_asked()
    {
        var state = LinkJudgement.Of(2, Catv, Good, 41_641, 41_641, null);
        Assert.Equal(["192.0.2.1", "fe80::1"], state.Gateways.Select(gateway => gateway.ToIPAddress().ToString()));
        Assert.All(state.Gateways, gateway => Assert.Equal(0, gateway.Port));
        Assert.True(state.MapsPorts);
        Assert.False(LinkJudgement.Of(2, Catv with { MapsPorts = false }, Good, 41_641, 41_641, null).MapsPorts);
        Assert.Empty(LinkJudgement.Of(2, Catv, Good with { DefaultRoutes = [new DefaultRoute(3, true, null, 0, 254)] }, 5, 5, null).Gateways); // point to point
    }

    [Fact]
    public void A_family_without_route_or_socket_does_not_count()
    {
        Assert.Equal(["192.0.2.7:5"], LinkJudgement.Of(0, Catv, Good, 5, null, null).Addresses.Select(address => address.ToString()));
        var four = Good with { DefaultRoutes = [Good.DefaultRoutes[0]] };
        Assert.Equal("it has an address and a default route by IPv4", LinkJudgement.Of(0, Catv, four, 5, 5, null).Reason);
    }

    [Fact]
    public void One_that_is_not_usable_says_why()
    {
        Assert.Equal("there is no interface wan0", Why(Good with { Links = [] }));
        Assert.Equal("the interface wan0 is down", Why(Good with { Links = [Good.Links[0] with { Up = false, Running = false }] }));
        Assert.Equal("the interface wan0 has no carrier", Why(Good with { Links = [Good.Links[0] with { Running = false }] }));
        Assert.Equal("the interface wan0 has no address", Why(Good with { Addresses = [Good.Addresses[4], Good.Addresses[5]] }));
        Assert.Equal("the interface wan0 has an address but no default route", Why(Good with { DefaultRoutes = [] }));
        Assert.Equal("its sockets are gone", Why(Good, "its sockets are gone"));

        static string Why(LinkPicture picture, string? failure = null)
        {
            var state = LinkJudgement.Of(0, Catv, picture, 5, 5, failure);
            Assert.False(state.Usable);
            Assert.Empty(state.Addresses);
            return state.Reason;
        }
    }

    [Fact]
    public void An_address_that_another_machine_has_is_said()
    {
        var twice = Good with { Addresses = [new LinkAddress(3, IPAddress.Parse("2001:db8::7"), 64, false, false) { Duplicate = true }] };
        Assert.Equal("the address 2001:db8::7 of wan0 is another machine's, too", LinkJudgement.Of(0, Catv, twice, 5, 5, null).Reason);
    }

    [Fact]
    public void Our_own_tables_routes_are_no_default_routes()
    {
        var ours = Good with { DefaultRoutes = [Good.DefaultRoutes[0] with { Table = UplinkRoutes.TableOf(2) }] };
        Assert.Equal("the interface wan0 has an address but no default route", LinkJudgement.Of(0, Catv, ours, 5, 5, null).Reason);
    }

    [Fact]
    public void Ports_are_found_among_what_was_kept()
    {
        var ports = Uplinks.ReadPorts(
        [
            new StoreWrite(Uplinks.PortCollection, "catv", Encoding.UTF8.GetBytes("41641")),
            new StoreWrite(Uplinks.PortCollection, "lte", Encoding.UTF8.GetBytes("0")),
            new StoreWrite(Uplinks.PortCollection, "dsl", Encoding.UTF8.GetBytes("x")),
            new StoreWrite("alias", "catv", Encoding.UTF8.GetBytes("1")),
        ]);
        Assert.Equal(new KeyValuePair<string, ushort>("catv", 41_641), Assert.Single(ports));
    }

    [Fact]
    public void Neighbours_are_the_lans_own_the_surest_last()
    {
        MacAddress Mac(ulong value) => new(value);
        NeighbourEntry[] entries =
        [
            new(4, IPAddress.Parse("192.168.1.20"), Mac(1), true),
            new(4, IPAddress.Parse("192.168.1.20"), Mac(2), false),
            new(4, IPAddress.Parse("10.0.0.9"), Mac(3), true),
            new(4, IPAddress.Parse("fe80::5"), Mac(4), true),
        ];
        var lan = new LanConfig("lan0", [IPNetwork.Parse("192.168.1.0/24")], false);
        Assert.Equal([2ul, 1ul], Neighbours.Choose(lan, entries).Select(one => one.Mac.Value));
        Assert.Equal([2ul, 1ul, 4ul], Neighbours.Choose(lan with { IPv6 = true }, entries).Select(one => one.Mac.Value));
    }
}
