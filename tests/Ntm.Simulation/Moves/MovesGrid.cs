using System.Globalization;
using System.Text;

namespace Ntm.Simulation;

/// <summary>One cell: what a stream of 500 packets a second went through.</summary>
/// <param name="Loss">Of each home's wires, in each direction.</param>
/// <param name="RoundTrip">Between the homes.</param>
/// <param name="Changes">Changes of path of the home to which it happens.</param>
public sealed record Move(MoveTrigger Trigger, double Loss, TimeSpan RoundTrip, Streamed Stream, int Changes);

/// <summary>Handovers in simulated time: every trigger at several losses and round trips. The same on every machine, whatever runs beside it.</summary>
public static class MovesGrid
{
    private const string Section = "the simulated handovers";

    private static readonly double[] s_losses = [0, 0.02];
    private static readonly int[] s_roundTrips = [40, 200];

    public static IReadOnlyList<Move> Measure()
    {
        var cells = from trigger in Enum.GetValues<MoveTrigger>() from loss in s_losses from rtt in s_roundTrips select (trigger, loss, rtt);
        return [.. cells.AsParallel().AsOrdered().Select(c => Measure(c.trigger, c.loss, TimeSpan.FromMilliseconds(c.rtt)))];
    }

    public static Move Measure(MoveTrigger trigger, double loss, TimeSpan roundTrip)
    {
        var pair = new MovingPair(trigger is MoveTrigger.RelayDies or MoveTrigger.RelayedCarrier ? NatKind.Symmetric : NatKind.PortRestricted, roundTrip / 2, loss, seed: 100 + (ulong)trigger);
        var home = trigger == MoveTrigger.PeersCarrier ? pair.Other : pair.One;
        var before = home.Changes;
        var stream = pair.Stream(TimeSpan.FromSeconds(trigger == MoveTrigger.ThereAndBack ? 12 : 4), TimeSpan.FromSeconds(1), () => Happen(pair, trigger));
        return new(trigger, loss, roundTrip, stream, home.Changes - before);
    }

    /// <summary>As it stands in docs/handover.md.</summary>
    public static string Text(IEnumerable<Move> moves)
    {
        var text = new StringBuilder("trigger          loss   RTT ms | lost  twice  gap ms | changes\n");
        foreach (var move in moves)
        {
            var (name, worst) = (Name(move.Trigger), move.Stream.Worst);
            text.Append(CultureInfo.InvariantCulture,
                $"{name,-16} {move.Loss,4:0 %} {move.RoundTrip.TotalMilliseconds,8:0} | {worst.Lost,4} {worst.Twice,6} {worst.Gap.TotalMilliseconds,7:0} | {move.Changes,4}\n");
        }

        return text.ToString();
    }

    /// <summary>The grid that a page has; null: none.</summary>
    public static string? On(string page) => MarkedSection.Read(page, Section)?.Split("```") is [_, var text, _] ? text.TrimStart('\n') : null;

    /// <summary>The page with another grid.</summary>
    public static string With(string page, string text) => MarkedSection.Replace(page, Section, $"```\n{text.TrimEnd('\n')}\n```");

    private static void Happen(MovingPair pair, MoveTrigger trigger)
    {
        switch (trigger)
        {
            case MoveTrigger.Planned:
                pair.One.Tell(0, usable: true, rank: 1);
                pair.One.Tell(1, usable: true, rank: 0);
                break;
            case MoveTrigger.Carrier or MoveTrigger.RelayedCarrier:
                pair.One.Unplug(0);
                break;
            case MoveTrigger.PeersCarrier:
                pair.Other.Unplug(0);
                break;
            case MoveTrigger.BlackHole or MoveTrigger.BlackHoleOut or MoveTrigger.BlackHoleIn:
                pair.One.BlackHole(0, outbound: trigger != MoveTrigger.BlackHoleIn, inbound: trigger != MoveTrigger.BlackHoleOut);
                break;
            case MoveTrigger.Stall:
                pair.One.StallFor(0, TimeSpan.FromMilliseconds(300));
                break;
            case MoveTrigger.BothEnds:
                pair.One.Unplug(0);
                pair.Other.Unplug(0);
                break;
            case MoveTrigger.RelayDies:
                pair.RelayInUse?.Stop();
                break;
            case MoveTrigger.ThereAndBack:
                pair.One.Unplug(0);
                pair.World.After(TimeSpan.FromSeconds(2), () => pair.One.Plug(0));
                break;
        }
    }

    private static string Name(MoveTrigger trigger) => trigger switch
    {
        MoveTrigger.Planned => "planned",
        MoveTrigger.Carrier => "carrier",
        MoveTrigger.PeersCarrier => "peer's carrier",
        MoveTrigger.BlackHole => "black hole",
        MoveTrigger.BlackHoleOut => "black hole out",
        MoveTrigger.BlackHoleIn => "black hole in",
        MoveTrigger.Stall => "stall 300 ms",
        MoveTrigger.BothEnds => "both ends",
        MoveTrigger.RelayDies => "relay dies",
        MoveTrigger.RelayedCarrier => "relayed, carrier",
        _ => "there and back",
    };
}
