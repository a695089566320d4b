using System.Net;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Allocation;

/// <summary>A router with one published LAN device and one peer like it: the device proxy and a tunnel, as in the gateway, without coordinator and names.</summary>
internal sealed class HomeCore : ICore
{
    /// <summary>The zone's part of virtual addresses.</summary>
    public const ulong Site = 0x1122334455;

    public const string Device4 = "192.168.1.10", Router4 = "192.168.1.1";

    private readonly AliasTable _aliases;
    private readonly DeviceProxy _proxy;
    private readonly VirtualAddress _peer;

    public HomeCore(StaticKeyPair key, PublicKey peer, RealAddress endpoint, bool isLeft, IPAddress device6, IPAddress router6)
    {
        Own = OwnOf(isLeft);
        _peer = OwnOf(!isLeft);
        Table = new TunnelTable(key, SystemEntropy.Instance, Outbox);
        Tunnel = Table.Add(peer, TunnelKind.Stock, default);
        Tunnel.SendPath = new WirePath(0, endpoint, 0);
        var devices = new DeviceTable(Counters, static _ => { });
        _aliases = new AliasTable(Limits.AliasNetwork, Limits.AliasPrefixLength, Counters, static _ => { });
        _proxy = new DeviceProxy(Own, devices, _aliases, Counters);
        _proxy.SetOwnAddresses([IPAddress.Parse(Router4), router6]);
        var mac = new MacAddress(0x02_00_00_00_00_01);
        foreach (var address in new[] { IPAddress.Parse(Device4), device6 })
        {
            devices.NeighbourSeen(BootClock.Now, new Neighbour(address, mac));
        }

        if (!devices.Publish(BootClock.Now, mac, "nas").Done || !_aliases.TryGetOrAdd(BootClock.Now, _peer.WithNumber(1), out var alias, out _))
        {
            throw new InvalidOperationException("A device that can be neither published nor reached.");
        }

        Alias = LanAddress.FromIPv4(alias).ToIPAddress();
    }

    public VirtualAddress Own { get; }

    /// <summary>The peer's device: by its IPv4 face through translation both ends, and by its IPv6 face.</summary>
    public IPAddress Alias { get; }

    public IPAddress Vip => _peer.WithNumber(0x8001).ToIPAddress();

    public IPAddress RouterAlias => LanAddress.FromIPv4(_aliases.RouterAddress).ToIPAddress();

    public Counters Counters { get; } = new();

    public TunnelTable Table { get; }

    public Tunnel.Tunnel Tunnel { get; }

    public Outbox Outbox { get; } = new();

    public TimeSpan NextDeadline => Table.NextDeadline;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (Table.Open(now, batch[i], out _) != OpenVerdict.Data)
            {
                continue;
            }

            switch (_proxy.Inbound(now, batch[i], _peer))
            {
                case InboundVerdict.ToLan:
                    batch[i].Disposition = Disposition.ToTun;
                    break;
                case InboundVerdict.Answered:
                    Table.Seal(now, Tunnel, batch[i]);
                    break;
            }
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Disposition = Disposition.Drop;
            switch (_proxy.Outbound(now, batch[i], out _))
            {
                case OutboundVerdict.ToPeer:
                    Table.Seal(now, Tunnel, batch[i]);
                    break;
                case OutboundVerdict.Answered:
                    batch[i].Disposition = Disposition.ToTun;
                    break;
            }
        }
    }

    public void HandleTimeout(Now now) => Table.HandleTimeout(now);

    private static VirtualAddress OwnOf(bool isLeft) => VirtualAddress.Compose(Site, isLeft ? 0xA1A2A3A4A5A6A7A8 : 0xB1B2B3B4B5B6B7B8, 0);
}
