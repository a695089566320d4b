using Ntm.Linux;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Where there are several uplinks: has ordinary connections of home and gateway begin on the chosen one, and stay where they began by the marks of <see cref="OrdinaryTables"/>. With one uplink
/// it only takes away what an earlier configuration left.
/// </summary>
public sealed class OrdinaryTraffic : IDisposable
{
    private readonly IReadOnlyList<UplinkConfig> _uplinks;
    private readonly ILogger _log;
    private readonly UplinkRoutes _routes = new();
    private readonly Dictionary<string, int> _looksBack = []; // device -> its number
    private string? _said;

    public OrdinaryTraffic(IReadOnlyList<UplinkConfig> uplinks, ILogger log)
    {
        (_uplinks, _log) = (uplinks, log);
        Remove();
    }

    /// <summary>Whether there is anything to choose from.</summary>
    private bool IsNeeded => _uplinks.Count > 1;

    /// <summary>Uplinks or the choice among them changed. On the pump's thread.</summary>
    /// <param name="lives">Whether connections that began on that uplink may stay.</param>
    /// <param name="chosen">Where new ones go; null: the system's own routes decide.</param>
    public void Set(LinkPicture picture, Func<int, bool> lives, int? chosen)
    {
        if (!IsNeeded)
        {
            return;
        }

        var ways = new List<UplinkWay>();
        for (var i = 0; i < _uplinks.Count; i++)
        {
            if (picture.Link(_uplinks[i].Interface) is { Running: true } link)
            {
                LookBackByMark(link);
                DefaultRoute?[] defaults = [picture.DefaultRouteOf(link.Index, ipv4: true), picture.DefaultRouteOf(link.Index, ipv4: false)];
                ways.Add(new(i, link.Name, link.Index, [.. defaults.OfType<DefaultRoute>()], [.. picture.AddressesOf(link.Index)], lives(i)));
            }
        }

        try
        {
            _routes.Set(ways, chosen);
        }
        catch (LinuxException refused)
        {
            Say($"Ordinary connections may not keep to their uplinks: {refused.Message}"); // a device that goes in the middle: netlink says so again
        }
    }

    /// <summary>Behind the pump's end: nobody sets anything any more.</summary>
    public void Dispose()
    {
        Remove();
        _routes.Dispose();
    }

    private void Remove()
    {
        try
        {
            _routes.Remove();
        }
        catch (LinuxException refused)
        {
            Say($"The routing rules of an earlier run cannot be taken away: {refused.Message}");
        }
    }

    // A strict reverse path filter then looks at the mark that the rules gave what came in.
    private void LookBackByMark(LinkState link)
    {
        if (_looksBack.GetValueOrDefault(link.Name) == link.Index)
        {
            return;
        }

        _looksBack[link.Name] = link.Index;
        try
        {
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{link.Name}/src_valid_mark", "1");
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            Say($"net.ipv4.conf.{link.Name}.src_valid_mark cannot be set to 1 ({denied.Message}); where rp_filter is 1 there, what comes by another than the first uplink is lost.");
        }
    }

    /// <summary>Once until something else is to be said.</summary>
    private void Say(string sentence)
    {
        if (sentence != _said)
        {
            _log.Warning("{Sentence}", sentence);
            _said = sentence;
        }
    }
}
