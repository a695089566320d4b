namespace Ntm.Simulation;

/// <summary>What one device saw that asked for a name and then sent a steady stream to it, every packet of which is answered. Times count from the question.</summary>
/// <param name="Answer">The name was answered.</param>
/// <param name="FirstPacket">The first packet was answered; null: none ever was.</param>
/// <param name="Direct">The stream leaves past the relays at both ends; null: it does not.</param>
/// <param name="Sent">Packets sent.</param>
/// <param name="Lost">Of them, those that were not answered.</param>
/// <param name="Twice">Those that were answered more than once.</param>
/// <param name="Reason">The gateway's own words on the path in use, or why the name was not found.</param>
public sealed record GridRun(TimeSpan? Answer, TimeSpan? FirstPacket, TimeSpan? Direct, int Sent, int Lost, int Twice, string Reason);
