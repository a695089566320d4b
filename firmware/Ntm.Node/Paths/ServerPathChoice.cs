using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>A way to a coordinator or relay.</summary>
/// <param name="Rank">Its uplink's.</param>
/// <param name="Works">Whether the server answered by it lately.</param>
internal readonly record struct ServerWay(WirePath Path, int Rank, bool Works);

/// <summary>By which path the tunnel with a coordinator or relay runs (docs/protocol.md section 5, "Handover"). Pure.</summary>
/// <param name="Path">None: there is no way.</param>
/// <param name="Reason">A clause.</param>
internal readonly record struct ServerPathChoice(WirePath Path, string Reason)
{
    /// <param name="ways">All there are, the one in use among them.</param>
    /// <param name="current">The one in use; none: there is none.</param>
    /// <param name="apartFrom">An uplink that another relay's tunnel runs on, which this one is to have nothing in common with; null: none.</param>
    public static ServerPathChoice Decide(IReadOnlyList<ServerWay> ways, WirePath current, int? apartFrom)
    {
        ServerWay? best = null, used = null;
        foreach (var way in ways)
        {
            if (way.Path == current)
            {
                used = way;
            }

            if (best is not { } found || IsBetter(way, found, apartFrom))
            {
                best = way;
            }
        }

        return best is not { } chosen ? new(default, "no uplink reaches it")
            : used is not { } stays ? new(chosen.Path, chosen.Works ? "it answers there" : "there is no other way")
            : chosen.Works && Cost(chosen, apartFrom) < Cost(stays, apartFrom) ? new(chosen.Path, "it answers there, and that uplink is the better one")
            : new(current, "no better uplink is known to reach it");
    }

    private static bool IsBetter(ServerWay way, ServerWay than, int? apartFrom) =>
        way.Works != than.Works ? way.Works : Cost(way, apartFrom) < Cost(than, apartFrom);

    private static int Cost(ServerWay way, int? apartFrom) => way.Rank + (UplinkSocket.UplinkOf(way.Path.Uplink) == apartFrom ? Candidates.RankMost : 0);
}
