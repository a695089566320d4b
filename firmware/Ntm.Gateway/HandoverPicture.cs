using Ntm.Interface;
using Ntm.Node.Handovers;

namespace Ntm.Gateway;

/// <summary>Records of handovers as documents of the HTTP interface. Pure.</summary>
public static class HandoverPicture
{
    public static HandoverDocument Of(HandoverRecord record) => new(
        record.Id, record.Event, record.Peer, record.IsServer, record.At, Spell(record.Cause), record.Why, Of(record.From), Of(record.To), record.Reason, Spell(record.End))
    {
        Drill = record.IsDrill,
        Moves = record.Moves,
        DecidedMs = record.DecidedMs,
        LastDecidedMs = record.LastDecidedMs,
        FirstOutMs = record.FirstOutMs,
        FirstBackMs = record.FirstBackMs,
        GapMs = record.GapMs,
        SentAgain = record.SentAgain,
        Lost = record.Counts.Lost,
        Late = record.Counts.Late,
        Doubled = record.Counts.Doubled,
    };

    private static HandoverWayDocument? Of(HandoverWay? way) => way is null ? null : new(way.Uplink, way.Direct, way.Address);

    private static string Spell(HandoverCause cause) => cause switch
    {
        HandoverCause.UplinkLost => "uplink-lost",
        HandoverCause.Silent => "silent",
        HandoverCause.BetterRank => "better-rank",
        HandoverCause.RoundTrip => "round-trip",
        HandoverCause.OwnersWish => "owners-wish",
        HandoverCause.PeerMoved => "peer-moved",
        HandoverCause.RelayLost => "relay-lost",
        _ => "directed",
    };

    private static string Spell(HandoverEnd end) => end switch
    {
        HandoverEnd.UnderWay => "under-way",
        HandoverEnd.Settled => "settled",
        HandoverEnd.Returned => "returned",
        HandoverEnd.Interrupted => "interrupted",
        _ => "failed",
    };
}
