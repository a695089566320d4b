using Ntm.Protocol;

namespace Ntm.Node.Paths.Hard;

/// <summary>The further sockets of uplinks: those that the core wants and those that its program has opened. Numbers are as in <see cref="UplinkSocket"/>.</summary>
internal sealed class FurtherSockets(NodeContext context)
{
    /// <summary>Of one uplink, those of paths in use included.</summary>
    private const int Most = 4 * Limits.ProbeSockets;

    private readonly Dictionary<int, SortedSet<int>> _wanted = [];
    private readonly Dictionary<int, IReadOnlyList<FurtherSocket>> _open = [];

    /// <summary>Has some opened.</summary>
    /// <returns>Their numbers: fewer than wanted where there are too many already.</returns>
    public IReadOnlyList<int> Want(int uplink, int count)
    {
        if (!_wanted.TryGetValue(uplink, out var wanted))
        {
            _wanted.Add(uplink, wanted = []);
        }

        var free = Enumerable.Range(UplinkSocket.FirstFurther, Most).Where(n => !wanted.Contains(n)).Take(count).ToArray();
        wanted.UnionWith(free);
        Tell(uplink, wanted);
        return free;
    }

    /// <summary>Has all closed that nobody uses.</summary>
    public void Keep(int uplink, ISet<int> used)
    {
        if (_wanted.TryGetValue(uplink, out var wanted) && wanted.RemoveWhere(n => !used.Contains(n)) > 0)
        {
            Tell(uplink, wanted);
        }
    }

    /// <summary>Uplinks that have any.</summary>
    public IEnumerable<int> Uplinks => _wanted.Where(w => w.Value.Count > 0).Select(w => w.Key).ToArray();

    /// <summary>What the program has open now.</summary>
    public void Changed(int uplink, IReadOnlyList<FurtherSocket> open) => _open[uplink] = open;

    public IReadOnlyList<FurtherSocket> Open(int uplink, IReadOnlyList<int> numbers) => [.. (_open.GetValueOrDefault(uplink) ?? []).Where(s => numbers.Contains(s.Number))];

    private void Tell(int uplink, SortedSet<int> wanted) => context.Events.Enqueue(new NodeEvent.FurtherSockets(uplink, [.. wanted]));
}
