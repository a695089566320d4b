using System.Diagnostics.CodeAnalysis;
using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>Names whose direction came ahead, without candidates: when each is asked for again. A few times, each twice as late.</summary>
internal sealed class AheadDirections
{
    private const int Most = 256;
    private const int Tries = 3;

    private readonly Dictionary<string, (TimeSpan At, int Tried)> _names = new(StringComparer.Ordinal);

    /// <summary>Boot time.</summary>
    public TimeSpan NextDeadline => _names.Count == 0 ? TimeSpan.MaxValue : _names.Values.Min(n => n.At);

    /// <summary>A direction for a name came.</summary>
    /// <param name="now">Boot time.</param>
    public void Directed(TimeSpan now, string name, bool isAhead)
    {
        var tried = _names.TryGetValue(name, out var known) ? known.Tried : 0;
        if (!isAhead || tried >= Tries)
        {
            _names.Remove(name);
            return;
        }

        if (tried == 0 && _names.Count >= Most)
        {
            _names.Remove(_names.FirstOrDefault(n => n.Value.At == TimeSpan.MaxValue, _names.First()).Key); // one that was never answered
        }

        _names[name] = (now + (Limits.SignalRepeats[0] * (1 << tried)), tried + 1);
    }

    /// <summary>Takes a name that is to be asked for now.</summary>
    /// <param name="now">Boot time.</param>
    public bool TryTake(TimeSpan now, [NotNullWhen(true)] out string? name)
    {
        foreach (var (due, (at, tried)) in _names)
        {
            if (at <= now)
            {
                _names[due] = (TimeSpan.MaxValue, tried);
                name = due;
                return true;
            }
        }

        name = null;
        return false;
    }

    public void Clear() => _names.Clear();
}
