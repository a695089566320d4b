namespace Ntm.Box.Handover;

/// <summary>A row of the table: what happens, what is to come of it, and how it is made to happen.</summary>
/// <param name="Key">For the command line.</param>
/// <param name="Event">For people.</param>
/// <param name="Pair">Between which homes.</param>
/// <param name="Goal">What it is to come to.</param>
/// <param name="Strike">Makes it happen, on the uplinks that the stream is on.</param>
/// <param name="Undo">Puts everything back.</param>
internal sealed record HandoverRow(string Key, string Event, PairKind Pair, HandoverGoal Goal, Func<HandoverPair, Task> Strike, Func<HandoverPair, Task> Undo)
{
    /// <summary>Before the round's stream begins.</summary>
    public Func<HandoverPair, Task>? Prepare { get; init; }

    /// <summary>How long the stream is watched afterwards, at least.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The stream goes on through the undoing and what follows from it: the way back is part of the row.</summary>
    public TimeSpan? WatchBack { get; init; }

    /// <summary>After all rounds.</summary>
    public Func<HandoverPair, Task>? After { get; init; }

    /// <summary>Why it cannot be run; null: it can.</summary>
    public Func<HandoverPair, Task<string?>>? Lacks { get; init; }
}
