using System.Text;
using Ntm.Gateway.Http;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Uplink;

namespace Ntm.Gateway;

/// <summary>What the owner wants of the uplinks: the configuration, and what he said since, which is kept over restarts. A name that is no uplink's any more says nothing.</summary>
/// <param name="keep">Told what is to be kept.</param>
public sealed class UplinkWishes(IReadOnlyList<UplinkConfig> uplinks, IEnumerable<StoreWrite> kept, Action<StoreWrite> keep)
{
    public const string Collection = "gateway-uplink-wish";

    private const string OrderKey = "order", UseKey = "use", MeteredPrefix = "metered/";

    private readonly Dictionary<string, string> _said = Read(kept);

    /// <summary>Numbers are places in the configuration.</summary>
    public UplinkWish Wish => new(
        [.. (_said.TryGetValue(OrderKey, out var order) ? order.Split('\n') : []).Select(NumberOf).OfType<int>()],
        _said.TryGetValue(UseKey, out var name) ? NumberOf(name) : null);

    public bool IsMetered(UplinkConfig uplink) => _said.TryGetValue(MeteredPrefix + uplink.Name, out var said) ? said == "yes" : uplink.Metered;

    public Verdict Prefer(IReadOnlyList<string> names)
    {
        if (names.Count > uplinks.Count)
        {
            return new(false, $"There are {uplinks.Count} uplinks, and {names.Count} names were given.");
        }

        if (names.FirstOrDefault(name => NumberOf(name) is null) is { } unknown)
        {
            return Unknown(unknown);
        }

        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
        {
            return new(false, "An uplink was named twice. Name each once, the preferred first.");
        }

        Say(OrderKey, names.Count == 0 ? null : string.Join('\n', names));
        return new(true, names.Count == 0
            ? "The uplinks are preferred as they stand in the configuration, metered ones last."
            : $"The uplinks are preferred in this order: {string.Join(", ", names.Concat(uplinks.Select(u => u.Name).Except(names)))}.");
    }

    public Verdict Use(string? name)
    {
        if (name is not null && NumberOf(name) is null)
        {
            return Unknown(name);
        }

        Say(UseKey, name);
        return new(true, name is null ? "The best uplink is used." : $"{name} is used as long as somebody answers there; then the best of the others.");
    }

    public Verdict Meter(string name, bool metered)
    {
        if (NumberOf(name) is null)
        {
            return Unknown(name);
        }

        Say(MeteredPrefix + name, metered ? "yes" : "no");
        return new(true, metered ? $"{name} is metered: it is used after the others, and little is sent there while it is not needed." : $"{name} is not metered.");
    }

    private static Dictionary<string, string> Read(IEnumerable<StoreWrite> kept) => kept
        .Where(write => write is { Collection: Collection, Value: not null })
        .ToDictionary(write => write.Key, write => Encoding.UTF8.GetString(write.Value!), StringComparer.Ordinal);

    private int? NumberOf(string name)
    {
        for (var i = 0; i < uplinks.Count; i++)
        {
            if (uplinks[i].Name == name)
            {
                return i;
            }
        }

        return null;
    }

    private Verdict Unknown(string name) => new(false, $"'{Problem.Quoted(name)}' is no uplink's name. There are: {string.Join(", ", uplinks.Select(u => u.Name))}.");

    private void Say(string key, string? value)
    {
        if (value is null)
        {
            _said.Remove(key);
        }
        else
        {
            _said[key] = value;
        }

        keep(new(Collection, key, value is null ? null : Encoding.UTF8.GetBytes(value)));
    }
}
