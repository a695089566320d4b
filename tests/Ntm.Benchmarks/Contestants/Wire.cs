using System.Net;
using Ntm.Real.Tests;

namespace Ntm.Benchmarks.Contestants;

/// <summary>Two namespaces and the pair of virtual network cards between them: the wire on which one contestant sends.</summary>
internal sealed class Wire
{
    public const string Device = "v0", LeftAddress = "192.0.2.1", RightAddress = "192.0.2.2";

    /// <summary>Addresses inside the tunnels, of tunnels from host to host.</summary>
    public static readonly IPAddress LeftInside = IPAddress.Parse("2001:db8:7::1"), RightInside = IPAddress.Parse("2001:db8:7::2");

    /// <summary>The same for tunnels that have no IPv6 inside.</summary>
    public static readonly IPAddress LeftInside4 = IPAddress.Parse("10.7.0.1"), RightInside4 = IPAddress.Parse("10.7.0.2");

    private WireSetting _setting = WireSetting.Offloads;

    public Wire(Belongings belongings)
    {
        Left = belongings.Namespace("l");
        Right = belongings.Namespace("r");
        Left.JoinTo(Right, Device, Device, [$"{LeftAddress}/24"], [$"{RightAddress}/24"]);
    }

    public TestNamespace Left { get; }

    public TestNamespace Right { get; }

    public void Set(WireSetting setting)
    {
        if (setting == _setting)
        {
            return;
        }

        var state = setting == WireSetting.Offloads ? "on" : "off";
        foreach (var end in new[] { Left, Right })
        {
            end.Run($"ethtool -K {Device} tso {state} gso {state} tx-udp-segmentation {state}");
        }

        _setting = setting;
    }
}
