namespace Ntm.Real.Tests.Gateway;

/// <summary>The gateway beside Debian's dnsmasq as DHCP server, and busybox as the device that asks it.</summary>
public sealed class LeaseTests
{
    [NeedsRootFact("dnsmasq", "busybox")]
    public void A_device_is_known_by_its_lease_and_published_by_what_it_calls_itself()
    {
        using var home = new GatewayHome();
        var leases = Path.Combine(home.Folder, "leases");
        home.Configure("", lan: $", \"leases\": \"{leases}\"");
        var gateway = home.Start(); // before there is a file
        home.Inside.Start($"dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --log-facility=- --pid-file= --interface=lan0 --bind-dynamic --no-resolv --no-hosts"
            + $" --dhcp-range=192.168.1.100,192.168.1.199,1h --dhcp-authoritative --no-ping --dhcp-leasefile={leases}");
        Assert.Empty(home.Devices());

        // Its address is never set, so that it says nothing but this.
        home.Outside.Run("ip link set lan1 address 02:00:5e:10:00:21");
        home.Outside.Run("busybox udhcpc -i lan1 -n -q -t 10 -T 1 -x hostname:Bobs-PC -s /bin/true");
        TestNamespace.WaitFor(() => home.Devices().Any(d => d.Hint is not null), "the lease's device", TimeSpan.FromSeconds(30));
        var device = Assert.Single(home.Devices());
        Assert.Equal(("02:00:5e:10:00:21", "bobs-pc"), (device.Mac, device.Hint));
        Assert.StartsWith("192.168.1.1", Assert.Single(device.Addresses), StringComparison.Ordinal);

        Assert.Contains("published as 'bobs-pc'", home.Ntm("publish 02:00:5e:10:00:21"), StringComparison.Ordinal);
        Assert.Contains("one device from now on, published as 'bobs-pc'", home.Ntm("devices merge bobs-pc 02:00:5e:10:00:22"), StringComparison.Ordinal);
        home.Stop(gateway);
        home.Start();
        device = Assert.Single(home.Devices());
        Assert.Equal(("bobs-pc", "02:00:5e:10:00:21 02:00:5e:10:00:22"), (device.Name, string.Join(' ', device.Macs)));
        Assert.Contains("of its own again", home.Ntm("devices split 02:00:5e:10:00:22"), StringComparison.Ordinal);
    }
}
