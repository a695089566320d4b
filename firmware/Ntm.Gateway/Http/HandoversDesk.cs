using Ntm.Interface;
using Ntm.Node;

namespace Ntm.Gateway.Http;

/// <summary>What the HTTP interface may ask of the gateway about handovers. As in <see cref="Desk"/>.</summary>
/// <param name="List">All records, the oldest first.</param>
/// <param name="Drill">The drill under way, or the last one; null: there was none.</param>
/// <param name="Begin">Takes an uplink away: its name, which way ("both", "out", "in"; null: as if its carrier were lost), for how long, and whether even the only usable one.</param>
/// <param name="Stop">Ends the drill of that uplink.</param>
public sealed record HandoversDesk(
    Func<CancellationToken, Task<IReadOnlyList<HandoverDocument>>> List,
    Func<CancellationToken, Task<DrillDocument?>> Drill,
    Func<string, string?, TimeSpan, bool, CancellationToken, Task<Verdict>> Begin,
    Func<string, CancellationToken, Task<Verdict>> Stop);
