using System.Globalization;
using Ntm.Protocol;

namespace Ntm.Node.Handovers;

/// <summary>
/// The records that are kept, here and in the store. Bounded, so that nobody who makes handovers wears the flash or pushes out what others made: the party that has most gives
/// way, its oldest first. Written some time after a record has ended, all that ended meanwhile in one go.
/// </summary>
internal sealed class HandoverLog(NodeContext context)
{
    public const string Collection = "handover";

    /// <summary>Counted: a kept record that does not parse.</summary>
    public const string EntryUnreadable = "handover-entry-unreadable";

    /// <summary>Records kept in all.</summary>
    public const int Most = 256;

    /// <summary>Near misses among them: the latest say enough of a shaky link.</summary>
    public const int NearMissesMost = 16;

    private static readonly TimeSpan WriteAfter = TimeSpan.FromSeconds(2);

    /// <summary>A near miss is worth no write of its own while there may be more.</summary>
    private static readonly TimeSpan NearMissAfter = TimeSpan.FromMinutes(1);

    private readonly List<HandoverRecord> _records = []; // by id
    private readonly HashSet<long> _stored = [];
    private readonly List<long> _gone = [];

    public IReadOnlyList<HandoverRecord> All => _records;

    public long LastId { get; private set; }

    /// <summary>When what has ended is written.</summary>
    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    public long TakeId() => ++LastId;

    /// <summary>From the store. Damaged entries are counted and passed over.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory)
        {
            if (entry.Collection != Collection || entry.Value is null)
            {
                continue;
            }

            if (HandoverEntry.TryRead(entry.Value) is { } record && entry.Key == Key(record.Id))
            {
                _records.Add(record);
                _stored.Add(record.Id);
                LastId = Math.Max(LastId, record.Id);
            }
            else
            {
                context.Counters.Count(EntryUnreadable);
            }
        }

        _records.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        while (_records.Count > Most)
        {
            Remove(_records[0]);
        }
    }

    public void Add(TimeSpan boot, HandoverRecord record)
    {
        var at = _records.FindLastIndex(r => r.Id < record.Id) + 1; // one that began later may have ended before
        _records.Insert(at, record);
        if (record.End == HandoverEnd.Returned && _records.Count(static r => r.End == HandoverEnd.Returned) > NearMissesMost)
        {
            Remove(_records.Find(static r => r.End == HandoverEnd.Returned)!);
        }

        if (_records.Count > Most)
        {
            var most = _records.GroupBy(static r => r.Peer, StringComparer.Ordinal).MaxBy(static g => g.Count())!;
            Remove(most.First());
        }

        var write = boot + (record.End == HandoverEnd.Returned ? NearMissAfter : WriteAfter);
        NextDeadline = write < NextDeadline ? write : NextDeadline;
    }

    public void HandleTimeout(TimeSpan boot)
    {
        if (NextDeadline <= boot)
        {
            Flush();
        }
    }

    /// <summary>Writes at once: the program is about to end.</summary>
    public void Flush()
    {
        NextDeadline = TimeSpan.MaxValue;
        foreach (var id in _gone)
        {
            context.Keep(Collection, Key(id), null);
        }

        _gone.Clear();
        foreach (var record in _records)
        {
            if (_stored.Add(record.Id))
            {
                context.Keep(Collection, Key(record.Id), HandoverEntry.Write(record));
            }
        }
    }

    private void Remove(HandoverRecord record)
    {
        _records.Remove(record);
        if (_stored.Remove(record.Id))
        {
            _gone.Add(record.Id);
        }
    }

    private static string Key(long id) => id.ToString(CultureInfo.InvariantCulture);
}
