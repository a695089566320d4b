using Ntm.Node.Handovers;
using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>What the flight recorder wrote down.</summary>
public sealed partial class NodeCore
{
    /// <summary>All handovers that are remembered, those under way included, the oldest first.</summary>
    public IReadOnlyList<HandoverRecord> Handovers(Now now)
    {
        Start(now);
        return _context.Recorder.Describe(now);
    }

    /// <summary>The uplinks as the core was told of them.</summary>
    public IReadOnlyList<UplinkState> Uplinks(Now now)
    {
        Start(now);
        return [.. _context.Uplinks.Values];
    }

    /// <summary>A drill takes this uplink away: what comes of it is marked so. Null: it is over.</summary>
    /// <returns>The highest number of a record so far.</returns>
    public long Drill(Now now, int? uplink)
    {
        Start(now);
        _context.Recorder.Drilled = uplink;
        return _context.Recorder.LastId;
    }
}
