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
/// <param name="Publish">Gives a device a name (a label).</param>
/// <param name="Unpublish">Takes a device's name away.</param>
/// <param name="Resolve">Resolves a canonical name, as a LAN device's DNS question does.</param>
public sealed record Desk(
    Func<CancellationToken, Task<PictureDocument>> Picture,
    Func<JoinOrder, CancellationToken, Task<Verdict>> Join,
    Func<MacAddress, string, CancellationToken, Task<Verdict>> Publish,
    Func<MacAddress, CancellationToken, Task<Verdict>> Unpublish,
    Func<string, CancellationToken, Task<ResolutionDocument>> Resolve)
{
    /// <summary>Leaves the zone of that name.</summary>
    public required Func<string, CancellationToken, Task<Verdict>> Leave { get; init; }
}
