using Ntm.Protocol;

namespace Ntm.Node.Paths.Hard;

/// <summary>The further sockets of uplinks that trials wanted, of IPv4, or of IPv6 where that leads to IPv4 through a NAT64, by number (<see cref="UplinkSocket"/>), each with its local port once the program has opened it.</summary>
internal sealed class FurtherSockets(NodeContext context)
{
    /// <summary>Of one uplink, those of paths in use included.</summary>
    private const int Most = 4 * Limits.ProbeSockets;

    private readonly SortedDictionary<int, ushort> _ports = []; // 0: being opened

    /// <summary>Has some opened.</summary>
    /// <returns>Their numbers: fewer than wanted where there are too many already.</returns>
    public IReadOnlyList<int> Want(int uplink, int count)
    {
        var free = Enumerable.Range(UplinkSocket.FirstFurther, Most).Select(n => UplinkSocket.Of(uplink, n)).Where(n => !_ports.ContainsKey(n)).Take(count).ToArray();
        foreach (var number in free)
        {
            context.Events.Enqueue(new NodeEvent.Socket(number, IPv4: Add(number), Open: true));
        }

        return free;
    }

    /// <summary>The program opened one, could not, or lost it (port 0).</summary>
    public void Opened(int number, ushort port)
    {
        if (port == 0)
        {
            _ports.Remove(number);
        }
        else if (_ports.ContainsKey(number))
        {
            _ports[number] = port;
        }
        else
        {
            context.Events.Enqueue(new NodeEvent.Socket(number, IPv4: !IsSix(number), Open: false)); // nobody wants it any more
        }
    }

    private bool Add(int number)
    {
        _ports.Add(number, 0);
        return !IsSix(number);
    }

    private bool IsSix(int number) => context.Uplinks.TryGetValue(UplinkSocket.UplinkOf(number), out var uplink) && uplink.NeedsNat64;

    /// <summary>Whether it is known of each of these whether it could be opened.</summary>
    public bool AreSettled(IReadOnlyList<int> numbers) => numbers.All(n => !_ports.TryGetValue(n, out var port) || port != 0);

    /// <summary>Those of them that are open, with their local ports.</summary>
    public IReadOnlyList<(int Number, ushort Port)> Open(IReadOnlyList<int> numbers) =>
        [.. numbers.Select(n => (n, _ports.GetValueOrDefault(n))).Where(s => s.Item2 != 0)];

    public bool Any => _ports.Count > 0;

    /// <summary>Has all closed that nobody uses.</summary>
    public void Keep(ISet<int> used)
    {
        foreach (var gone in _ports.Keys.Where(n => !used.Contains(n)).ToArray())
        {
            _ports.Remove(gone);
            context.Events.Enqueue(new NodeEvent.Socket(gone, IPv4: !IsSix(gone), Open: false));
        }
    }
}
