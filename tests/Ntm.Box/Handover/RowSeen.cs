namespace Ntm.Box.Handover;

/// <summary>A row with what came of it.</summary>
/// <param name="Besides">What went on besides, in a sentence: the download, the exchange, the pings.</param>
internal sealed record RowSeen(HandoverRow Row, StreamRate Rate, IReadOnlyList<RoundSeen> Rounds, string Besides)
{
    /// <summary>Why it was left out.</summary>
    public string? Lack { get; init; }
}
