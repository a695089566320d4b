using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>One alias as people see it.</summary>
/// <param name="UsedOn">The day of its last use by wall time.</param>
public readonly record struct AliasUse(uint Alias, VirtualAddress Vip, DateOnly UsedOn);

/// <summary>
/// VIP and alias (docs/protocol.md section 2): the IPv4 addresses that stand for remote VIPs inside this home. Kept over a power cut; an alias
/// goes to another VIP after <see cref="Limits.AliasIdleBeforeReuse"/> of idleness at the earliest, and only when no fresh one is left.
/// </summary>
/// <remarks>
/// Idleness is counted in whole days, by wall time and by boot time: a clock that is wrong at power-on can make an alias live longer,
/// but takes none away that was used within 30 days of this run.
/// </remarks>
public sealed class AliasTable
{
    public const string Collection = "alias";

    /// <summary>Counted: a stored entry that could not be read, or contradicts another.</summary>
    public const string EntryUnreadable = "alias-entry-unreadable";

    private static readonly int s_idleDays = (int)Limits.AliasIdleBeforeReuse.TotalDays;

    private readonly Counters _counters;
    private readonly Action<StoreWrite> _keep;
    private readonly Dictionary<uint, Entry> _byAlias = [];
    private readonly Dictionary<VirtualAddress, Entry> _byVip = [];
    private readonly Dictionary<VirtualAddress, Holder> _holders = [];
    private readonly uint _network;
    private readonly uint _last;
    private uint _cursor;
    private long _usable;
    private int? _searchedOn;

    /// <param name="network">First address of the range, host order; lower bits are cleared.</param>
    /// <param name="prefixLength">8-30.</param>
    public AliasTable(uint network, int prefixLength, Counters counters, Action<StoreWrite> keep)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prefixLength, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, 30);
        _counters = counters;
        _keep = keep;
        _network = network & (uint.MaxValue << (32 - prefixLength));
        _last = _network | (uint.MaxValue >> prefixLength);
        _cursor = _network;
        PrefixLength = prefixLength;
        for (var address = _network; _usable < Limits.Aliases && address < _last; address++)
        {
            _usable += IsGivenAway(address) ? 1 : 0;
        }
    }

    public int PrefixLength { get; }

    public uint Network => _network;

    /// <summary>The range's first address, which is the router's own on the TUN and nobody's alias.</summary>
    public uint RouterAddress => _network + 1;

    public int Count => _byAlias.Count;

    /// <summary>Whether the address is in the range, given away or not.</summary>
    public bool Contains(uint address) => address >= _network && address <= _last;

    /// <summary>
    /// Takes back what was kept before; entries of other collections are passed over, those outside the range are taken away. Call once.
    /// </summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var write in memory)
        {
            if (write.Collection != Collection || write.Value is null)
            {
                continue;
            }

            if (StoredEntries.TryRead(write.Value, StoredEntries.Default.AliasEntry) is not { Version: StoredEntries.Version } stored
                || !TryParseAlias(write.Key, out var alias) || stored.UsedOn is < 0 or > 3_652_058
                || !LanAddress.TryParse(stored.Vip, out var address) || address.IsIPv4 || address.IsNone
                || _byAlias.ContainsKey(alias) || _byVip.ContainsKey(address.AsVip) || Count >= Limits.Aliases)
            {
                _counters.Count(EntryUnreadable);
            }
            else if (!Contains(alias) || !IsGivenAway(alias))
            {
                // The owner chose another range.
                _keep(new(Collection, write.Key, null));
            }
            else
            {
                Insert(new(alias, address.AsVip) { WallDay = stored.UsedOn });
                _cursor = Math.Max(_cursor, alias);
            }
        }
    }

    /// <summary>The alias that stands for a VIP, made now where there is none yet. Counts as a use.</summary>
    /// <param name="refusal">Why there is none, as a sentence.</param>
    public bool TryGetOrAdd(Now now, VirtualAddress vip, out uint alias, [NotNullWhen(false)] out string? refusal)
    {
        refusal = null;
        if (_byVip.TryGetValue(vip, out var entry))
        {
            alias = entry.Alias;
            Touch(now, entry);
            return true;
        }

        alias = 0;
        if (_holders.TryGetValue(vip.Node, out var holder) && holder.Aliases >= Limits.AliasesPerNode)
        {
            if (TryReuse(now, vip, holder, out alias))
            {
                return true;
            }

            refusal = $"The node {vip.Node} has {Limits.AliasesPerNode} aliases here, which is the most; "
                + $"the next is free when one was idle for {s_idleDays} days.";
            return false;
        }

        if (Count >= _usable)
        {
            if (TryReuse(now, vip, null, out alias))
            {
                return true;
            }

            refusal = $"All {_usable} aliases of {Dotted(_network)}/{PrefixLength} are taken; "
                + $"the next is free when one was idle for {s_idleDays} days. A wider range can be configured.";
            return false;
        }

        do
        {
            _cursor = _cursor >= _last ? _network : _cursor + 1;
        }
        while (!IsGivenAway(_cursor) || _byAlias.ContainsKey(_cursor));

        alias = _cursor;
        Add(now, alias, vip);
        return true;
    }

    /// <summary>The VIP an alias stands for. Counts as a use.</summary>
    public bool TryFind(Now now, uint alias, out VirtualAddress vip)
    {
        if (!_byAlias.TryGetValue(alias, out var entry))
        {
            vip = default;
            return false;
        }

        vip = entry.Vip;
        Touch(now, entry);
        return true;
    }

    /// <summary>The VIP an alias stands for; no use.</summary>
    public bool TryPeek(uint alias, out VirtualAddress vip)
    {
        var found = _byAlias.TryGetValue(alias, out var entry);
        vip = found ? entry!.Vip : default;
        return found;
    }

    /// <summary>The alias that stands for a VIP, if there is one; no use.</summary>
    public bool TryPeek(VirtualAddress vip, out uint alias)
    {
        var found = _byVip.TryGetValue(vip, out var entry);
        alias = found ? entry!.Alias : 0;
        return found;
    }

    /// <summary>A picture for people, by alias.</summary>
    public IReadOnlyList<AliasUse> Describe() =>
        [.. _byAlias.Values.OrderBy(e => e.Alias).Select(e => new AliasUse(e.Alias, e.Vip, DateOnly.FromDayNumber(e.WallDay)))];

    private static bool TryParseAlias(string text, out uint alias)
    {
        var good = LanAddress.TryParse(text, out var address) && address.IsIPv4;
        alias = address.IPv4;
        return good;
    }

    private static string Dotted(uint address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address >> 24}.{(byte)(address >> 16)}.{(byte)(address >> 8)}.{(byte)address}");

    private static int WallDay(Now now) => (int)(now.Wall.UtcTicks / TimeSpan.TicksPerDay);

    private static int BootDay(Now now) => (int)(now.Boot.Ticks / TimeSpan.TicksPerDay);

    /// <summary>Not the range's ends, not the router's, and nothing that old software takes for a network or broadcast address.</summary>
    private bool IsGivenAway(uint address) =>
        address > RouterAddress && address < _last && (byte)address is not (0 or 255);

    private void Add(Now now, uint alias, VirtualAddress vip)
    {
        var entry = new Entry(alias, vip) { WallDay = WallDay(now), BootDay = BootDay(now) };
        Insert(entry);
        Keep(entry);
    }

    private void Insert(Entry entry)
    {
        _byAlias[entry.Alias] = entry;
        _byVip[entry.Vip] = entry;
        if (!_holders.TryGetValue(entry.Vip.Node, out var holder))
        {
            _holders[entry.Vip.Node] = holder = new();
        }

        holder.Aliases++;
    }

    private void Touch(Now now, Entry entry)
    {
        entry.BootDay = BootDay(now);
        var day = WallDay(now);
        if (day > entry.WallDay)
        {
            entry.WallDay = day;
            Keep(entry);
        }
    }

    /// <summary>Gives the longest idle alias (of one holder, or of all) to another VIP.</summary>
    private bool TryReuse(Now now, VirtualAddress vip, Holder? of, out uint alias)
    {
        alias = 0;
        var day = WallDay(now);
        if (day == (of is null ? _searchedOn : of.SearchedOn))
        {
            // Idleness is in whole days: a second search on one day would find no more, and a peer cannot make us search at each packet.
            return false;
        }

        var bootDay = BootDay(now);
        Entry? idlest = null;
        foreach (var entry in _byAlias.Values)
        {
            if (day - entry.WallDay > s_idleDays && !(bootDay - entry.BootDay <= s_idleDays)
                && (of is null || entry.Vip.SameNode(vip)) && (idlest is null || entry.WallDay < idlest.WallDay))
            {
                idlest = entry;
            }
        }

        if (idlest is null)
        {
            if (of is null)
            {
                _searchedOn = day;
            }
            else
            {
                of.SearchedOn = day;
            }

            return false;
        }

        _byAlias.Remove(idlest.Alias);
        _byVip.Remove(idlest.Vip);
        if (--_holders[idlest.Vip.Node].Aliases == 0)
        {
            _holders.Remove(idlest.Vip.Node);
        }

        alias = idlest.Alias;
        Add(now, alias, vip);
        return true;
    }

    private void Keep(Entry entry) => _keep(new(Collection, Dotted(entry.Alias), JsonSerializer.SerializeToUtf8Bytes(
        new AliasEntry(StoredEntries.Version, entry.Vip.ToString(), entry.WallDay), StoredEntries.Default.AliasEntry)));

    private sealed class Entry(uint alias, VirtualAddress vip)
    {
        public uint Alias { get; } = alias;

        public VirtualAddress Vip { get; } = vip;

        /// <summary>Of the last use; days since 0001-01-01.</summary>
        public int WallDay { get; set; }

        /// <summary>Of the last use in this run; days since boot.</summary>
        public int? BootDay { get; set; }
    }

    /// <summary>A remote node that holds aliases.</summary>
    private sealed class Holder
    {
        public int Aliases { get; set; }

        /// <summary>The day of the last search that found nothing.</summary>
        public int? SearchedOn { get; set; }
    }
}
