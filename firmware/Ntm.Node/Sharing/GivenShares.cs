using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Node.Devices;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node.Sharing;

/// <summary>
/// The shares this node has given to other owners (docs/protocol.md section 3). It is the receiver that enforces them: device, ports and expiry are what
/// stands here, whatever a code or a coordinator says. The first owner that accepts a share has it.
/// </summary>
public sealed class GivenShares(Counters counters, Action<StoreWrite> keep)
{
    public const string Collection = "share-given";
    public const string MarkCollection = "share-mark";
    public const string MarkKey = "last-id";

    /// <summary>Counted: a stored entry that could not be read.</summary>
    public const string EntryUnreadable = "share-entry-unreadable";

    /// <summary>Shares at once.</summary>
    public const int Most = 256;

    /// <summary>What who has no share is told, whether there is such a node or not: a coordinator says the same of what does not exist.</summary>
    internal const string Nothing = "nothing is shared there, or it was taken back, or there is no way to it at present";

    private const int ForMost = 64;

    private readonly SortedDictionary<int, GivenShare> _shares = [];
    private readonly Dictionary<ByteString, int> _byKey = [];
    private int _lastId;

    public IReadOnlyCollection<GivenShare> All => _shares.Values;

    /// <summary>Grows with every change.</summary>
    public long Generation { get; private set; }

    /// <summary>Takes back what was kept before; entries of other collections are passed over.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var write in memory)
        {
            if ((write.Collection == Collection && write.Value is not null && !TryLoad(write))
                || (write.Collection == MarkCollection && write.Value is not null && !TryLoadMark(write)))
            {
                counters.Count(EntryUnreadable);
            }
        }
    }

    /// <summary>Makes a share.</summary>
    /// <param name="number">The device's number; 0: the node itself.</param>
    /// <param name="forWhom">In the owner's words, 1 to 64 characters.</param>
    /// <param name="seed">The share's private key, 32 random bytes; it leaves with the code and is not kept.</param>
    /// <returns>Done with the new share's id, or why not.</returns>
    public Verdict Give(ushort number, string forWhom, PortSet ports, DateTimeOffset expires, ReadOnlySpan<byte> seed, out int id)
    {
        id = 0;
        var name = forWhom.Trim();
        if (name.Length is 0 or > ForMost || name.Any(char.IsControl))
        {
            return new(false, $"Say for whom the share is, in 1 to {ForMost} characters; it is how you find it again.");
        }

        if (_shares.Count >= Most)
        {
            return new(false, $"{Most} shares are given, which is the most; take one back first.");
        }

        id = ++_lastId;
        keep(new(MarkCollection, MarkKey, JsonSerializer.SerializeToUtf8Bytes(new ShareMarkEntry(SharedEntries.Version, _lastId), SharedEntries.Default.ShareMarkEntry)));
        Put(new(id, name, number, Acceptance.PublicKeyOf(seed), ports, expires));
        return new(true, $"share {id}");
    }

    /// <summary>Takes a share back; who has it can reach nothing by it from now on.</summary>
    public Verdict TakeBack(int id)
    {
        if (!_shares.Remove(id, out var share))
        {
            return new(false, $"There is no share {id}; 'ntm shares' lists them.");
        }

        _byKey.Remove(share.Key);
        keep(new(Collection, Key(id), null));
        Generation++;
        return new(true, $"Share {id}, for {share.For}, is taken back.");
    }

    /// <summary>Whether an owner's node may come by this acceptance; the first owner's is remembered with the share.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    /// <param name="problem">Where false: why, as a clause for the other side; it tells no more than who holds the code knows.</param>
    public bool TryAccept(SignedAcceptance? signed, DateTimeOffset at, [NotNullWhen(true)] out Acceptance? acceptance, [NotNullWhen(false)] out string? problem)
    {
        if (!Acceptance.TryVerify(signed, out acceptance) || !_byKey.TryGetValue(acceptance.Share, out var id))
        {
            counters.Count("share-unknown");
            problem = Nothing;
            acceptance = null;
            return false;
        }

        var share = _shares[id];
        if (share.Expires <= at)
        {
            counters.Count("share-expired");
            problem = "the share has expired";
            return false;
        }

        if (share.OwnerKey is { } owner && (owner != acceptance.OwnerKey || share.Zone != acceptance.Zone))
        {
            counters.Count("share-of-another-owner");
            problem = "the share belongs to another owner, who accepted it first";
            return false;
        }

        if (share.OwnerKey is null)
        {
            Put(share with { Zone = acceptance.Zone, OwnerKey = acceptance.OwnerKey });
        }

        problem = null;
        return true;
    }

    /// <summary>A share that lasts and was accepted in the name of a zone by an owner of another key; null: there is none.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    public GivenShare? OfAnother(string zone, ByteString ownerKey, DateTimeOffset at) =>
        _shares.Values.FirstOrDefault(s => s.Zone == zone && s.OwnerKey != ownerKey && s.Expires > at);

    /// <summary>A share that lasts and was accepted in the name of a zone; null: there is none.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    public GivenShare? Lasting(string zone, DateTimeOffset at) => _shares.Values.FirstOrDefault(s => s.Zone == zone && s.Expires > at);

    /// <summary>What an owner has and has not lost by time.</summary>
    public IReadOnlyList<GivenShare> Of(string zone, ByteString ownerKey) =>
        [.. _shares.Values.Where(s => s.OwnerKey == ownerKey && s.Zone == zone)];

    internal static DateTimeOffset At(long unixSeconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(unixSeconds, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds()));

    private static string Key(int id) => id.ToString(CultureInfo.InvariantCulture);

    private void Put(GivenShare share)
    {
        _shares[share.Id] = share;
        _byKey[share.Key] = share.Id;
        Generation++;
        var entry = new GivenShareEntry(
            SharedEntries.Version, share.For, share.Number, share.Key.ToByteArray(), share.Ports.ToString(), share.Expires.ToUnixTimeSeconds(), share.Zone,
            share.OwnerKey?.ToByteArray());
        keep(new(Collection, Key(share.Id), JsonSerializer.SerializeToUtf8Bytes(entry, SharedEntries.Default.GivenShareEntry)));
    }

    private bool TryLoad(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, SharedEntries.Default.GivenShareEntry) is not { Version: SharedEntries.Version } entry
            || !int.TryParse(write.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id < 1
            || entry.Number is < 0 or > Limits.DeviceNumberLast || entry.Key is not { Length: Ed25519.Size } || entry.For is not { Length: > 0 and <= ForMost }
            || !PortSet.TryParse(entry.Ports, out var ports, out _) || _shares.Count >= Most || _shares.ContainsKey(id)
            || entry.OwnerKey is not (null or { Length: Ed25519.Size }) || (entry.OwnerKey is null) != (entry.Zone is null)
            || (entry.Zone is not null && !NtmName.IsZone(entry.Zone)) || !_byKey.TryAdd(ByteString.CopyFrom(entry.Key), id))
        {
            return false;
        }

        _shares[id] = new(
            id, entry.For, (ushort)entry.Number, ByteString.CopyFrom(entry.Key), ports, At(entry.Expires), entry.Zone,
            entry.OwnerKey is { } owner ? ByteString.CopyFrom(owner) : null);
        _lastId = Math.Max(_lastId, id);
        Generation++;
        return true;
    }

    private bool TryLoadMark(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, SharedEntries.Default.ShareMarkEntry) is not { Version: SharedEntries.Version, Last: >= 0 } mark)
        {
            return false;
        }

        _lastId = Math.Max(_lastId, mark.Last);
        return true;
    }
}
