using System.Net;
using Ntm.Fast.Tests.Translation;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>One home's device proxy with its tables, a hand-held clock, and a store that remembers.</summary>
internal sealed class Home
{
    private readonly Dictionary<(string, string), StoreWrite> _store = [];

    public Home(ulong nodeHash, IEnumerable<StoreWrite>? memory = null, TimeSpan? resumesUntil = null)
    {
        Own = VirtualAddress.Compose(0x1122334455, nodeHash, 0);
        Devices = new(Counters, Keep);
        Aliases = new(Limits.AliasNetwork, Limits.AliasPrefixLength, Counters, Keep);
        Devices.Load(memory ?? []);
        Aliases.Load(memory ?? []);
        Proxy = new(Own, Devices, Aliases, Counters) { ResumesUntil = resumesUntil ?? TimeSpan.MinValue, MtuOf = _ => Mtu };
        Proxy.SetOwnAddresses([IPAddress.Parse("192.168.1.1"), IPAddress.Parse("2001:db8:1::1")]);
    }

    public VirtualAddress Own { get; }

    public Counters Counters { get; } = new();

    public DeviceTable Devices { get; }

    public AliasTable Aliases { get; }

    public DeviceProxy Proxy { get; }

    public Now Now { get; set; } = new(TimeSpan.FromHours(1), new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>What every path carries, bytes of a packet between nodes.</summary>
    public int Mtu { get; set; } = Limits.MtuInside;

    public Packet Packet { get; } = new();

    public IEnumerable<StoreWrite> Stored => _store.Values;

    public int Writes { get; private set; }

    public static MacAddress Mac(int n) => new(0x02_00_00_00_00_00UL | (uint)n);

    public void Sleep(TimeSpan time) => Now = new(Now.Boot + time, Now.Wall + time);

    public void See(int mac, params string[] addresses)
    {
        foreach (var address in addresses)
        {
            Devices.NeighbourSeen(Now, new(IPAddress.Parse(address), Mac(mac)));
        }
    }

    public string AliasOf(VirtualAddress vip)
    {
        Assert.True(Aliases.TryGetOrAdd(Now, vip, out var alias, out var refusal), refusal);
        return Dotted(alias);
    }

    public static string Dotted(uint address) => $"{address >> 24}.{(byte)(address >> 16)}.{(byte)(address >> 8)}.{(byte)address}";

    public OutboundVerdict Send(byte[] packet)
    {
        Packet.Fill(packet);
        return Proxy.Outbound(Now, Packet, out _);
    }

    public void MustSend(byte[] packet)
    {
        Assert.Equal(OutboundVerdict.ToPeer, Send(packet));
        TestPackets.AssertRight(Packet.Bytes);
    }

    public bool Receive(byte[] packet, VirtualAddress from)
    {
        Packet.Fill(packet);
        return Proxy.Inbound(Now, Packet, from.Node) == InboundVerdict.ToLan;
    }

    public void MustReceive(byte[] packet, VirtualAddress from)
    {
        Assert.True(Receive(packet, from), string.Join(", ", Counters.All));
        TestPackets.AssertRight(Packet.Bytes);
    }

    public void MustRefuse(string reason, Func<bool> attempt)
    {
        var before = Counters[reason];
        Assert.False(attempt());
        Assert.True(Counters[reason] == before + 1, $"Not counted under {reason}: {string.Join(", ", Counters.All)}");
    }

    private void Keep(StoreWrite write)
    {
        Writes++;
        if (write.Value is null)
        {
            _store.Remove((write.Collection, write.Key));
        }
        else
        {
            _store[(write.Collection, write.Key)] = write;
        }
    }
}
