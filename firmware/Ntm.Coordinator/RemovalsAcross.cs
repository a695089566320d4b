using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>
/// Removals across zones (docs/protocol.md section 3): what our owner removed is told to the zones whose nodes met the removed one; what another zone's coordinator tells is handed to our
/// nodes that met it. Coordinators believe none of it: nodes do, by the owner key that a share pinned.
/// </summary>
internal sealed class RemovalsAcross(CoordinatorContext context, Members members, Acquaintances met, OtherZones zones)
{
    private readonly List<Errand> _errands = [];

    /// <summary>Our owner removed this one.</summary>
    public void Removed(Now now, VouchedRemoval removal)
    {
        foreach (var zone in met.Forget(removal.Key))
        {
            Add(now, new Errand(zone, null, removal.Signed));
        }
    }

    /// <summary>A coordinator of another zone says whom its owner removed.</summary>
    public Signal Heard(Now now, string zone, RemovalNotice notice)
    {
        foreach (var signed in notice.Removals.Take(Limits.RemovalsPerNotice))
        {
            if (VouchedRemoval.TryRead(signed, out var removal) && removal.Zone == zone)
            {
                foreach (var ours in met.Who(removal.Key, zone))
                {
                    Add(now, new Errand(null, ours, signed));
                }
            }
            else
            {
                context.Counters.Count("removal-of-another-zone");
            }
        }

        return new Signal { Acknowledgement = new() };
    }

    /// <summary>The zone that a notice speaks of, by its first removal; null where it has none that can be.</summary>
    public static string? ZoneOf(RemovalNotice notice) =>
        notice.Removals.Count > 0 && VouchedRemoval.TryRead(notice.Removals[0], out var removal) ? removal.Zone : null;

    /// <summary>Tries what is due again.</summary>
    public void Sweep(Now now)
    {
        foreach (var errand in _errands.Where(e => e.At <= now.Boot).ToArray())
        {
            Run(now, errand);
        }
    }

    private void Add(Now now, Errand errand)
    {
        if (_errands.Any(e => e.Zone == errand.Zone && e.Node == errand.Node && e.Signed.Equals(errand.Signed)))
        {
            return;
        }

        if (_errands.Count >= Bounds.Errands)
        {
            context.Counters.Count("removal-errands-full");
            return;
        }

        errand.GivenUpAt = now.Boot + Bounds.ErrandLasts;
        _errands.Add(errand);
        Run(now, errand);
    }

    private void Run(Now now, Errand errand)
    {
        if (errand.GivenUpAt <= now.Boot)
        {
            _errands.Remove(errand);
            context.Counters.Count("removal-errand-given-up");
            return;
        }

        // Once more later, unless it is acknowledged: 10 s, 20 s ... 10 min.
        var pause = TimeSpan.FromSeconds(10 << Math.Min(errand.Tries++, 6));
        errand.At = now.Boot + (pause < Bounds.ErrandPause ? pause : Bounds.ErrandPause);
        var body = new Signal { RemovalNotice = new() { Removals = { errand.Signed } } };
        if (errand.Zone is { } zone)
        {
            zones.Request(now, zone, body, (_, answer) => Ended(errand, answer));
        }
        else if (members.Find(errand.Node!.Value) is not { } node)
        {
            _errands.Remove(errand);
        }
        else if (node is { Registration: not null, Tunnel: { } tunnel })
        {
            context.Signals.Request(now, tunnel, body, (_, answer) => Ended(errand, answer));
        }
        else
        {
            errand.At = now.Boot + Bounds.Sweep; // it obeys when it is back
        }
    }

    private void Ended(Errand errand, Signal? answer)
    {
        if (answer is { Acknowledgement: not null })
        {
            _errands.Remove(errand);
        }
    }

    /// <param name="zone">Whose coordinators are told; null: a node of ours is.</param>
    /// <param name="node">The node's key.</param>
    private sealed class Errand(string? zone, PublicKey? node, SignedRemoval signed)
    {
        public string? Zone { get; } = zone;

        public PublicKey? Node { get; } = node;

        public SignedRemoval Signed { get; } = signed;

        /// <summary>Boot time of the next try.</summary>
        public TimeSpan At { get; set; }

        public TimeSpan GivenUpAt { get; set; }

        public int Tries { get; set; }
    }
}
