using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>
/// Whether a direct path over which nothing goes any more is kept open in its NATs for a while: who spoke lately is likely to go on (docs/protocol.md section 5). Pure.
/// </summary>
public static class WarmPath
{
    /// <summary>When it is to be checked next; max: no more.</summary>
    /// <param name="lastTraffic">Data last went either way, boot time.</param>
    /// <param name="lastHeard">Something authenticated last came by it.</param>
    /// <param name="keepAlive">How long the uplink's NAT may be left alone.</param>
    /// <param name="isAlone">Nobody could direct the two to one another again: then it is kept for as long as that lasts.</param>
    public static TimeSpan NextCheck(TimeSpan lastTraffic, TimeSpan lastHeard, TimeSpan keepAlive, bool isAlone) =>
        lastHeard + keepAlive is var due && (isAlone || due - lastTraffic <= Limits.WarmFor) ? due : TimeSpan.MaxValue;
}
