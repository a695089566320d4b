using Ntm.Benchmarks.Contestants;
using Ntm.Protocol;
using Ntm.Real.Tests;

namespace Ntm.Benchmarks.Relaying;

/// <summary>Three namespaces in a row: relays in the middle, who uses them at both sides; and a link between the sides that avoids the middle.</summary>
internal sealed class Rig
{
    public const string MiddleLeft = "198.51.100.2", MiddleRight = "203.0.113.1", Right = "203.0.113.2", DirectLeft = "192.0.2.1", DirectRight = "192.0.2.2";
    public const ushort Port = 4916, TurnPort = 3478;

    /// <param name="belongings">What it makes goes there.</param>
    /// <param name="frames">How they pass from one namespace to the other.</param>
    public Rig(Belongings belongings, Frames frames)
    {
        (LeftSide, Middle, RightSide) = (belongings.Namespace("l"), belongings.Namespace("m"), belongings.Namespace("r"));
        LeftSide.JoinTo(Middle, "v0", "v0", ["198.51.100.1/24"], [$"{MiddleLeft}/24"]);
        Middle.JoinTo(RightSide, "v1", "v0", [$"{MiddleRight}/24"], [$"{Right}/24"]);
        LeftSide.JoinTo(RightSide, "v9", "v9", [$"{DirectLeft}/24"], [$"{DirectRight}/24"]);
        if (frames != Frames.Whole)
        {
            foreach (var (where, device) in new[] { (LeftSide, "v0"), (Middle, "v0"), (Middle, "v1"), (RightSide, "v0"), (LeftSide, "v9"), (RightSide, "v9") })
            {
                where.Run($"ethtool -K {device} tso off gso off gro {(frames == Frames.Merged ? "on" : "off")} tx-udp-segmentation off");
            }
        }
    }

    public TestNamespace LeftSide { get; }

    public TestNamespace Middle { get; }

    public TestNamespace RightSide { get; }

    public static RealAddress Address(string host, ushort port) => RealAddress.TryParse($"{host}:{port}", out var address) ? address : throw new ArgumentException(host);
}
