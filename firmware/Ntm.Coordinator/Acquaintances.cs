using System.Text;
using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>Which node of ours met which of another zone by a direction: so that the removal of one reaches the other. Kept; the oldest gives way.</summary>
internal sealed class Acquaintances(CoordinatorContext context)
{
    public const string Collection = "met";

    private readonly OrderedDictionary<(PublicKey Ours, PublicKey Theirs), string> _zones = [];

    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: Collection, Value: not null }))
        {
            var keys = entry.Key.Split(' ');
            if (keys.Length == 2 && PublicKey.TryParse(keys[0], out var ours) && PublicKey.TryParse(keys[1], out var theirs)
                && Encoding.ASCII.GetString(entry.Value!) is var zone && NtmName.IsZone(zone) && _zones.Count < Bounds.Acquaintances)
            {
                _zones[(ours, theirs)] = zone;
            }
            else
            {
                context.Counters.Count("memory-refused");
            }
        }
    }

    public void Add(PublicKey ours, PublicKey theirs, string zone)
    {
        if (_zones.TryGetValue((ours, theirs), out var known) && known == zone)
        {
            return;
        }

        if (_zones.Count >= Bounds.Acquaintances)
        {
            context.Keep(Collection, Key(_zones.GetAt(0).Key), null);
            _zones.RemoveAt(0);
        }

        _zones[(ours, theirs)] = zone;
        context.Keep(Collection, Key((ours, theirs)), Encoding.ASCII.GetBytes(zone));
    }

    public bool Has(PublicKey ours, PublicKey theirs) => _zones.ContainsKey((ours, theirs));

    /// <summary>Our nodes that met this key of that zone.</summary>
    public IReadOnlyList<PublicKey> Who(PublicKey theirs, string zone) => [.. _zones.Where(z => z.Key.Theirs == theirs && z.Value == zone).Select(z => z.Key.Ours)];

    /// <summary>The zones of those whom a node of ours met. It is a member no longer: all of it is forgotten.</summary>
    public IReadOnlyList<string> Forget(PublicKey ours)
    {
        var gone = _zones.Where(z => z.Key.Ours == ours).ToArray();
        foreach (var (pair, _) in gone)
        {
            _zones.Remove(pair);
            context.Keep(Collection, Key(pair), null);
        }

        return [.. gone.Select(z => z.Value).Distinct()];
    }

    private static string Key((PublicKey Ours, PublicKey Theirs) pair) => $"{pair.Ours} {pair.Theirs}";
}
