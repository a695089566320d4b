using Ntm.Fast.Tests.World;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Handover;

/// <summary>Two homes with two uplinks each, 0 the one they want (20 ms one way between them) and 1 (40 ms); two relays. A stream runs from alice's television to bob's NAS, which echoes it.</summary>
internal sealed class MovingHomes
{
    private readonly Dictionary<(HomeRouter, int), Wire> _wires = [];
    private readonly List<(int Number, TimeSpan At)> _there = [], _back = [];
    private int _sent;

    public MovingHomes(NatKind first = NatKind.PortRestricted, NatKind second = NatKind.PortRestricted, ulong seed = 7, int relays = 2, Func<TwoHomes>? homes = null)
    {
        Homes = homes?.Invoke() ?? new TwoHomes(first, first, seed);
        for (var more = 1; more < relays; more++)
        {
            Homes.Zone.AddRelay($"rs{more + 1}");
        }

        foreach (var (home, number) in new[] { (Homes.Alice, (byte)201), (Homes.Bob, (byte)202) })
        {
            _wires[(home, 0)] = home.Home.Wire;
            var segment = new Segment(World, $"{home.Home.Name}'s second uplink");
            var inside = RealAddress.FromIPv4(0x0A00_0002, 41_000);
            _ = new NatBox(World, $"{home.Home.Name}'s second NAT", NatBehaviour.Of(second), segment, World.Backbone, Ntm.Simulation.World.Documentation(2, number));
            var wire = _wires[(home, 1)] = home.Home.Router.Attach(segment, inside);
            wire.Conditions = new WireConditions { Latency = TimeSpan.FromMilliseconds(20) };
            Say(home, 1, usable: true);
        }

        // A registration's third passes until nodes are told of a second relay.
        World.RunFor(TimeSpan.FromSeconds(relays > 1 ? 1300 : 5));
        Homes.Resolved();
        Homes.Nas.OnReceived = p => Take(_there, p.Payload);
        Homes.Tv.OnReceived = p => Take(_back, p.Payload);
        Assert.True(Homes.Talk(300) == 300, Homes.Story());
        World.RunFor(TimeSpan.FromSeconds(3));
        Clear();
    }

    public TwoHomes Homes { get; }

    public Ntm.Simulation.World World => Homes.World;

    public HomeRouter Alice => Homes.Alice;

    public HomeRouter Bob => Homes.Bob;

    public Wire Wire(HomeRouter home, int uplink) => _wires[(home, uplink)];

    /// <summary>Tells a core of its uplink, as the gateway does.</summary>
    public void Say(HomeRouter home, int uplink, bool usable, int? rank = null) => home.Home.Router.Call(now => home.Core.UplinkChanged(now,
        new(uplink, $"uplink{uplink}", usable, usable ? "it has an address" : "unplugged", usable ? home.Home.Router.Uplinks[uplink].Addresses : []) { Rank = rank ?? uplink }));

    /// <summary>The uplink of the path that a home sends on.</summary>
    public static int UplinkOf(HomeRouter home) => home.Status.Peers.Single().Paths.Single(p => p.State is "used" or "suspect").Path.Uplink;

    /// <summary>Streams 500 packets a second; at <paramref name="when"/> something happens. Two seconds are left for what is late.</summary>
    public Streamed Stream(TimeSpan length, TimeSpan when, Action happens)
    {
        Clear();
        var first = _sent;
        World.After(when, happens);
        var end = World.Clock.Elapsed + length;
        while (World.Clock.Elapsed < end)
        {
            Homes.Tv.SendUdp(Homes.Alias, 5000, 7, BitConverter.GetBytes(_sent++));
            World.RunFor(TimeSpan.FromMilliseconds(2));
        }

        World.RunFor(TimeSpan.FromSeconds(2));
        Assert.Empty(Homes.Tv.Broken);
        Assert.Empty(Homes.Nas.Broken);
        return new(Seen.Of(_there, first, _sent), Seen.Of(_back, first, _sent));
    }

    private void Clear()
    {
        _there.Clear();
        _back.Clear();
    }

    private void Take(List<(int, TimeSpan)> into, ReadOnlySpan<byte> payload) => into.Add((BitConverter.ToInt32(payload), World.Clock.Elapsed));
}

/// <summary>What became of a stream, there and of its echo.</summary>
internal sealed record Streamed(Seen There, Seen Back)
{
    public override string ToString() => $"there: {There}; back: {Back}";
}

/// <summary>One direction of it.</summary>
/// <param name="Gap">The longest time without anything new.</param>
internal sealed record Seen(int Lost, int Twice, int Late, TimeSpan Gap)
{
    public static Seen Of(List<(int Number, TimeSpan At)> seen, int first, int end)
    {
        var numbers = seen.Where(s => s.Number >= first).ToList();
        var gap = TimeSpan.Zero;
        var late = 0;
        for (var i = 1; i < numbers.Count; i++)
        {
            gap = numbers[i].At - numbers[i - 1].At > gap ? numbers[i].At - numbers[i - 1].At : gap;
            late += numbers[i].Number < numbers[i - 1].Number ? 1 : 0;
        }

        var different = numbers.Select(n => n.Number).Distinct().Count();
        return new(end - first - different, numbers.Count - different, late, gap);
    }

    public override string ToString() => $"{Lost} lost, {Twice} twice, {Late} late, gap {Gap.TotalMilliseconds:0} ms";
}
