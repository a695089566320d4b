using System.Net;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Linux;

/// <summary>The kernel's own tables, as netlink shows them.</summary>
public sealed class NetlinkDumps
{
    [NeedsRootFact]
    public void Neighbours_of_both_families_are_found_and_only_of_that_interface()
    {
        using var home = new TestNamespace("h");
        home.Run("ip link add v0 type veth peer name v1");
        home.Run("ip link set v0 up");
        home.Run("ip link set v1 up");
        home.Run("ip neighbour add 192.0.2.7 lladdr 02:00:00:00:00:07 dev v0");
        home.Run("ip neighbour add 2001:db8::7 lladdr 02:00:00:00:00:07 dev v0 nud stale");
        home.Run("ip neighbour add 192.0.2.8 lladdr 02:00:00:00:00:08 dev v1");
        home.Run("ip neighbour add 192.0.2.9 dev v0 nud failed");
        var entries = home.In(() => NeighbourTable.Read("v0")).OrderBy(e => e.Address.ToString()).ToList();
        Assert.True(MacAddress.TryParse("02:00:00:00:00:07", out var mac));
        Assert.Equal(2, entries.Count);
        Assert.Equal((IPAddress.Parse("192.0.2.7"), mac, true), (entries[0].Address, entries[0].Mac, entries[0].Confirmed));
        Assert.Equal((IPAddress.Parse("2001:db8::7"), mac, false), (entries[1].Address, entries[1].Mac, entries[1].Confirmed));
        Assert.Throws<LinuxException>(() => home.In(() => NeighbourTable.Read("none")));
    }

    [NeedsRootFact]
    public async Task Links_addresses_and_default_routes_are_seen_and_their_change_wakes_the_pump()
    {
        using var home = new TestNamespace("h");
        home.Run("ip link add v0 type veth peer name v1");
        using var watch = home.In(() => new LinkWatch());
        var before = watch.Look();
        Assert.False(before.Link("v0")!.Running);
        Assert.Empty(before.DefaultRoutes);
        Assert.False(watch.TakeChanges());

        using var pump = new Pump(new LoopbackCore());
        var changes = 0;
        pump.Watch(watch.Descriptor, _ => changes += watch.TakeChanges() ? 1 : 0);
        pump.Start();
        home.Run("ip link set v1 up");
        home.Run("ip link set v0 up");
        home.Run("ip address add 192.0.2.5/24 dev v0");
        home.Run("ip address add 2001:db8::5/64 dev v0 nodad");
        home.Run("ip route add default via 192.0.2.1 metric 50");
        home.Run("ip -6 route add default via 2001:db8::1 metric 60");
        TestNamespace.WaitFor(() => pump.Ask(_ => changes).Result > 0, "a notice");

        LinkPicture picture = before;
        TestNamespace.WaitFor(() => (picture = watch.Look()).DefaultRoutes.Count == 2, "both default routes");
        var link = picture.Link("v0")!;
        Assert.True(link.Up && link.Running);
        Assert.Equal(["192.0.2.5", "2001:db8::5"], picture.AddressesOf(link.Index).Select(a => a.Address.ToString()).Order());
        Assert.Equal((IPAddress.Parse("192.0.2.1"), 50u), (picture.DefaultRouteOf(link.Index, true)!.Gateway, picture.DefaultRouteOf(link.Index, true)!.Metric));
        Assert.Equal(IPAddress.Parse("2001:db8::1"), picture.DefaultRouteOf(link.Index, false)!.Gateway);

        var soFar = await pump.Ask(_ => changes);
        home.Run("ip link set v1 down");
        TestNamespace.WaitFor(() => pump.Ask(_ => changes).Result > soFar, "a notice of the lost carrier");
        TestNamespace.WaitFor(() => !watch.Look().Link("v0")!.Running, "the lost carrier");
        await pump.Ask(_ =>
        {
            pump.Unwatch(watch.Descriptor);
            return 0;
        });
    }

    [NeedsRootFact]
    public void The_preflight_finds_nothing_missing_where_the_tests_may_run()
    {
        Assert.Empty(Preflight.Missing(Need.All));
    }
}
