using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A home with two uplinks: 0, the one its owner wants, and 1.</summary>
public sealed class MovingHome
{
    private readonly World _world;
    private readonly Wire[] _wires;

    internal MovingHome(World world, HomeRouter router, Wire first, Wire second, LanDevice device)
    {
        (_world, Router, Device, _wires) = (world, router, device, [first, second]);
        for (var i = 0; i < _wires.Length; i++)
        {
            Stalls.Add(new Stall(world));
            _wires[i].Middlemen.Add(Stalls[i]);
            Tell(i, usable: true);
        }
    }

    public HomeRouter Router { get; }

    public LanDevice Device { get; }

    public List<Stall> Stalls { get; } = [];

    public Wire Wire(int uplink) => _wires[uplink];

    /// <summary>The uplink of the path that it sends to the other home by; -1: there is none.</summary>
    public int UplinkInUse => PathInUse?.Path.Uplink ?? -1;

    public PathStatus? PathInUse => Router.Status.Peers.Single().Paths.FirstOrDefault(p => p.State is "used" or "suspect");

    /// <summary>Changes of path that its core has told of so far.</summary>
    public int Changes => Router.Notices.Count(n => n.Contains(" is reached by ", StringComparison.Ordinal) && !n.StartsWith("relay", StringComparison.Ordinal) && !n.StartsWith("coordinator", StringComparison.Ordinal));

    /// <summary>Tells its core of an uplink, as the gateway does.</summary>
    public void Tell(int uplink, bool usable, int? rank = null) => Router.Home.Router.Call(now => Router.Core.UplinkChanged(now,
        new(uplink, $"uplink{uplink}", usable, usable ? "it has an address" : "unplugged", usable ? Router.Home.Router.Uplinks[uplink].Addresses : []) { Rank = rank ?? uplink }));

    /// <summary>The cable is pulled, and the gateway sees it.</summary>
    public void Unplug(int uplink)
    {
        _wires[uplink].IsCut = true;
        Tell(uplink, usable: false);
    }

    public void Plug(int uplink)
    {
        _wires[uplink].IsCut = false;
        Tell(uplink, usable: true);
    }

    /// <summary>Everything vanishes, and nobody is told.</summary>
    public void BlackHole(int uplink, bool outbound, bool inbound)
    {
        var wire = _wires[uplink];
        wire.Outbound = outbound ? wire.Outbound with { Loss = 1 } : wire.Outbound;
        wire.Inbound = inbound ? wire.Inbound with { Loss = 1 } : wire.Inbound;
    }

    public void StallFor(int uplink, TimeSpan time) => Stalls[uplink].Until = _world.Clock.Elapsed + time;
}
