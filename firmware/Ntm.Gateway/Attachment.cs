using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Uplink;

namespace Ntm.Gateway;

/// <summary>What <see cref="Uplinks"/> knows of one uplink: its sockets, and how it is.</summary>
internal sealed class Attachment(int number, UplinkConfig config)
{
    public int Number { get; } = number;

    public UplinkConfig Config { get; } = config;

    public UplinkHealth Health { get; } = new(config.Thresholds);

    /// <summary>What was said of it last.</summary>
    public UplinkCondition? Told { get; set; }

    /// <summary>Whether datagrams may go there.</summary>
    public bool Usable => Links is { Usable: true } && Health.Usable;

    /// <summary>By the kernel's word alone.</summary>
    public UplinkState? Links { get; set; }

    /// <summary>The port to use again; 0: not known yet.</summary>
    public ushort Port { get; set; }

    /// <summary>The interface the sockets are bound to; null: it does not exist.</summary>
    public int? Index { get; set; }

    public UdpSocket? Socket4 { get; set; }

    public UdpSocket? Socket6 { get; set; }

    /// <summary>Sockets by which its NAT is looked at, by number and family.</summary>
    public Dictionary<(int Number, bool IPv4), UdpSocket> Further { get; } = [];

    /// <summary>Datagrams go one by one: the device spoils runs.</summary>
    public bool Singly4 { get; set; }

    public bool Singly6 { get; set; }

    /// <summary>It is taken away in software; null: it is not.</summary>
    public UplinkDrill? Drill { get; set; }

    public string? Failure { get; set; }

    /// <summary>The network it is in with IPv6 alone; null: it has IPv4, too, or is not usable.</summary>
    public string? IPv6Alone { get; set; }

    public Nat64Prefix? Nat64 { get; set; }
}
