using Ntm.Node;

namespace Ntm.Gateway.Http;

/// <summary>What the HTTP interface may want of the uplinks. As in <see cref="Desk"/>.</summary>
/// <param name="Prefer">Their order, the preferred first; empty: as they are configured.</param>
/// <param name="Use">The one to be used; null: whichever is best.</param>
/// <param name="Meter">Whether the owner pays for what goes by that one.</param>
public sealed record UplinksDesk(
    Func<IReadOnlyList<string>, CancellationToken, Task<Verdict>> Prefer,
    Func<string?, CancellationToken, Task<Verdict>> Use,
    Func<string, bool, CancellationToken, Task<Verdict>> Meter);
