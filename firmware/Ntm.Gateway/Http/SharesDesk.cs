using Ntm.Interface;
using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Gateway.Http;

/// <summary>What the HTTP interface may ask of the gateway about shares. As in <see cref="Desk"/>.</summary>
/// <param name="List">All of them, and what of the gateway itself is published.</param>
/// <param name="Give">Shares a published device, or with null the gateway itself: name, for whom, ports, how long.</param>
/// <param name="TakeBack">Takes a share back.</param>
/// <param name="Accept">Accepts another owner's share code.</param>
/// <param name="Drop">Gives an accepted share up.</param>
/// <param name="PublishNode">Publishes the gateway's own services on these ports; null: no longer.</param>
public sealed record SharesDesk(
    Func<CancellationToken, Task<SharesDocument>> List,
    Func<string?, string, PortSet, TimeSpan, CancellationToken, Task<(Verdict Verdict, string? Code)>> Give,
    Func<int, CancellationToken, Task<Verdict>> TakeBack,
    Func<string, CancellationToken, Task<Verdict>> Accept,
    Func<string, CancellationToken, Task<Verdict>> Drop,
    Func<PortSet?, CancellationToken, Task<Verdict>> PublishNode);
