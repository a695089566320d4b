using Ntm.Simulation;

namespace Ntm.Box.Grid;

/// <summary>A pair of the real grid: a home of the first kind asked for the other's device and pinged it. Times count from the question.</summary>
/// <param name="One">The asking home's kind.</param>
/// <param name="Other">The other's.</param>
/// <param name="Answer">The name was answered.</param>
/// <param name="FirstPacket">The first ping was answered; null: none was.</param>
/// <param name="Direct">The stream is off the relay, for good; null: it stays there.</param>
/// <param name="Sent">Pings sent.</param>
/// <param name="Lost">Pings without an answer.</param>
/// <param name="Twice">Answers too many.</param>
/// <param name="Reason">The asking gateway's words on the path in use.</param>
/// <param name="Foretold">Whether the simulation has it direct.</param>
internal sealed record RealPair(
    NetworkKind One, NetworkKind Other, TimeSpan Answer, TimeSpan? FirstPacket, TimeSpan? Direct, int Sent, int Lost, int Twice, string Reason, bool Foretold)
{
    public bool IsConnected => FirstPacket is not null;

    /// <summary>As in the simulation; where a NAT draws ports, either way is.</summary>
    public bool IsAsForetold => IsConnected && ((Direct is not null) == Foretold || One == NetworkKind.Symmetric || Other == NetworkKind.Symmetric);
}
