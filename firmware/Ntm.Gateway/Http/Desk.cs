using Ntm.Interface;
using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Gateway.Http;

/// <summary>
/// All that the HTTP interface may ask of the gateway. The program hands in calls that the pump answers; the tests hand in their own.
/// Every call may be made from any thread, ends in bounded time, and throws <see cref="TimeoutException"/> where the gateway did not answer.
/// </summary>
/// <param name="Picture">The gateway as it is now.</param>
/// <param name="Join">Joins a zone; the verdict is the coordinator's or our own.</param>
/// <param name="Publish">Gives a device a name (a label; null: what it calls itself), and says what of it may be reached.</param>
/// <param name="Unpublish">Takes a device's name away.</param>
/// <param name="Shares">Shares with other owners.</param>
/// <param name="Resolve">Resolves a canonical name, as a LAN device's DNS question does.</param>
/// <param name="Merge">Makes the second MAC address one of the first's device.</param>
/// <param name="Split">Takes the second MAC address off the first's device.</param>
public sealed record Desk(
    Func<CancellationToken, Task<PictureDocument>> Picture,
    Func<JoinOrder, CancellationToken, Task<Verdict>> Join,
    Func<MacAddress, string?, PortSet, CancellationToken, Task<Verdict>> Publish,
    Func<MacAddress, CancellationToken, Task<Verdict>> Unpublish,
    Func<string, CancellationToken, Task<ResolutionDocument>> Resolve,
    Func<MacAddress, MacAddress, CancellationToken, Task<Verdict>> Merge,
    Func<MacAddress, MacAddress, CancellationToken, Task<Verdict>> Split,
    SharesDesk Shares)
{
    /// <summary>Handovers and drills.</summary>
    public required HandoversDesk Handovers { get; init; }

    /// <summary>Leaves the zone of that name.</summary>
    public required Func<string, CancellationToken, Task<Verdict>> Leave { get; init; }

    /// <summary>What is wanted of the uplinks.</summary>
    public required UplinksDesk Uplinks { get; init; }
}
