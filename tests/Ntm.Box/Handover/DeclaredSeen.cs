namespace Ntm.Box.Handover;

/// <summary>How soon a gateway said of an uplink that fell silent that it is down, and of one that is back that it is usable.</summary>
/// <param name="Event">For people.</param>
/// <param name="Goal">For people.</param>
/// <param name="Down">From the silence on, in seconds; those rounds in which it never said so are left out.</param>
/// <param name="Up">From its end on.</param>
/// <param name="Rounds">Of which these are.</param>
internal sealed record DeclaredSeen(string Event, string Goal, IReadOnlyList<double> Down, IReadOnlyList<double> Up, int Rounds);
