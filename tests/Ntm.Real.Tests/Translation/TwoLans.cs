using System.Net;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Translation;

/// <summary>
/// Two homes with a real device, a real router's kernel and a real TUN each; between the TUNs nothing but the two device proxies. Both LANs are
/// 192.168.1.0/24: the router .1, the device .10.
/// </summary>
internal sealed class TwoLans : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _ending;

    public TwoLans()
    {
        Here = new Lan("a", 0xA1A2A3A4A5A6A7A8);
        There = new Lan("b", 0xB1B2B3B4B5B6B7B8);
        Assert.True(There.Devices.Publish(Now, Lan.Mac, "nas").Done);
        Nas = There.Own.WithNumber(1);
        _thread = new Thread(Carry) { IsBackground = true };
        _thread.Start();
    }

    public static Now Now => BootClock.Now;

    public Lan Here { get; }

    public Lan There { get; }

    public VirtualAddress Nas { get; }

    public void Dispose()
    {
        _ending = true;
        _thread.Join();
        Here.Dispose();
        There.Dispose();
    }

    private void Carry()
    {
        var batch = new PacketBatch();
        while (!_ending)
        {
            if (!Carry(batch, Here, There) & !Carry(batch, There, Here))
            {
                Thread.Sleep(1);
            }
        }
    }

    private static bool Carry(PacketBatch batch, Lan from, Lan to)
    {
        if (from.Tun.Read(batch, BootClock.Now.Boot) == 0)
        {
            return false;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            var packet = batch[i];
            switch (from.Proxy.Outbound(Now, packet, out _))
            {
                case OutboundVerdict.Answered:
                    from.Tun.Write(packet.Bytes);
                    break;
                case OutboundVerdict.ToPeer:
                    switch (to.Proxy.Inbound(Now, packet, from.Own))
                    {
                        case InboundVerdict.ToLan:
                            to.Tun.Write(packet.Bytes);
                            break;
                        case InboundVerdict.Answered when from.Proxy.Inbound(Now, packet, to.Own) == InboundVerdict.ToLan:
                            from.Tun.Write(packet.Bytes);
                            break;
                    }

                    break;
            }
        }

        return true;
    }

    /// <summary>One home.</summary>
    internal sealed class Lan : IDisposable
    {
        public Lan(string name, ulong hash)
        {
            Own = VirtualAddress.Compose(0x1122334455, hash, 0);
            Router = new TestNamespace(name + "r");
            Device = new TestNamespace(name + "d");
            foreach (var machine in new[] { Router, Device })
            {
                // Addresses are usable at once: nobody else is on these wires.
                machine.Run("sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.dad_transmits=0");
            }

            Device.JoinTo(Router, "eth0", "lan0", ["192.168.1.10/24", $"2001:db8:{name}::10/64"], ["192.168.1.1/24", $"2001:db8:{name}::1/64"]);
            Device.Run("ip route add default via 192.168.1.1");
            Device.Run($"ip route add default via 2001:db8:{name}::1");
            Router.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1");
            Router.Run($"ping -n -c 1 -W 5 2001:db8:{name}::10");
            Devices = new DeviceTable(Counters, static _ => { });
            Aliases = new AliasTable(Limits.AliasNetwork, Limits.AliasPrefixLength, Counters, static _ => { });
            Proxy = new DeviceProxy(Own, Devices, Aliases, Counters);
            Proxy.SetOwnAddresses([IPAddress.Parse("192.168.1.1"), IPAddress.Parse($"2001:db8:{name}::1")]);
            Devices.NeighbourSeen(Now, new Neighbour(IPAddress.Parse("192.168.1.10"), Mac));
            Devices.NeighbourSeen(Now, new Neighbour(IPAddress.Parse($"2001:db8:{name}::10"), Mac));
            Tun = Router.In(() => Tun.Open("ntm0"));

            // As the gateway does it.
            Tun.AddAddress(Own.ToIPAddress(), 128);
            Tun.AddRoute(new IPNetwork(VirtualAddress.Compose(0x1122334455, 0, 0).ToIPAddress(), 48), source: Own.ToIPAddress());
            var router = LanAddress.FromIPv4(Aliases.RouterAddress).ToIPAddress();
            Tun.AddAddress(router, 32);
            Tun.AddRoute(IPNetwork.Parse("198.18.0.0/15"), Limits.MtuInsideIPv4, router);
        }

        public static MacAddress Mac { get; } = new(0x02_00_00_00_00_01);

        public VirtualAddress Own { get; }

        public TestNamespace Router { get; }

        public TestNamespace Device { get; }

        public Counters Counters { get; } = new();

        public DeviceTable Devices { get; }

        public AliasTable Aliases { get; }

        public DeviceProxy Proxy { get; }

        public Tun Tun { get; }

        public IPAddress AliasOf(VirtualAddress vip)
        {
            Assert.True(Aliases.TryGetOrAdd(Now, vip, out var alias, out var refusal), refusal);
            return LanAddress.FromIPv4(alias).ToIPAddress();
        }

        public void Dispose()
        {
            Tun.Dispose();
            Device.Dispose();
            Router.Dispose();
        }
    }
}
