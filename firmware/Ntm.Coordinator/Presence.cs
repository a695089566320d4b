using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>How long a registered node counts as there without a word of it (docs/protocol.md section 4). Pure.</summary>
internal static class Presence
{
    /// <summary>Beyond two keep-alives: time for the copies of the handshake that each long one is.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestKeepAlive = TimeSpan.FromSeconds(Limits.LateReplySeconds);

    /// <summary>By how long the node says it is silent at most; null: it says nothing, and registers again instead.</summary>
    public static TimeSpan Lasts(TimeSpan? keepAlive)
    {
        var bounded = keepAlive is { } said && said < LongestKeepAlive ? said : LongestKeepAlive;
        return keepAlive is null || (2 * bounded) + Grace < Limits.RegistrationLifetime ? Limits.RegistrationLifetime : (2 * bounded) + Grace;
    }
}
