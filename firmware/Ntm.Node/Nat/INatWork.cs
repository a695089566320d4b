using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>Something under way on an uplink's observing socket.</summary>
internal interface INatWork
{
    bool IsOver { get; }

    TimeSpan NextDeadline { get; }

    /// <summary>The socket stands anew, on this port; 0: it cannot be had.</summary>
    void Opened(Now now, ushort port);

    void HandleTimeout(Now now);

    /// <returns>Whether the reply, which came to the observing socket, was to this.</returns>
    bool TryTake(Now now, ServerLink from, WirePath path, PathCheckReply reply);
}
