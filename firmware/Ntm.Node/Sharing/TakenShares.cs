using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Google.Protobuf;
using Ntm.Node.Devices;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node.Sharing;

/// <summary>
/// The shares of other owners that this node may use (docs/protocol.md section 3): each pins the other owner's key, so that no coordinator can put another
/// node in the shared one's place.
/// </summary>
public sealed class TakenShares(Counters counters, Action<StoreWrite> keep)
{
    public const string Collection = "share-taken";

    /// <summary>Shares at once.</summary>
    public const int Most = 256;

    private readonly SortedDictionary<string, TakenShare> _byName = new(StringComparer.Ordinal);

    public IReadOnlyCollection<TakenShare> All => _byName.Values;

    /// <summary>The zones of what is shared.</summary>
    public IEnumerable<string> Zones => _byName.Values.Select(s => s.Offer.Zone).Distinct();

    /// <summary>Takes back what was kept before; entries of other collections are passed over.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var write in memory)
        {
            if (write is { Collection: Collection, Value: not null } && !TryLoad(write))
            {
                counters.Count(GivenShares.EntryUnreadable);
            }
        }
    }

    /// <summary>Accepts a share for this node's owner.</summary>
    /// <param name="code">What the other owner handed over.</param>
    /// <param name="zone">This node's zone.</param>
    /// <param name="ownerKey">This node's owner key.</param>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    /// <param name="share">What may be reached now.</param>
    public Verdict Accept(string code, string zone, ReadOnlySpan<byte> ownerKey, DateTimeOffset at, out TakenShare? share)
    {
        share = null;
        if (!ShareCode.TryRead(code, out var offer, out var problem))
        {
            return new(false, problem);
        }

        if (offer.Zone == zone)
        {
            return new(false, $"{ShareCode.NameOf(offer)} is in your own zone: what is published there needs no share.");
        }

        if (GivenShares.At(offer.Expires) <= at)
        {
            return new(false, $"The share expired at {GivenShares.At(offer.Expires):yyyy-MM-dd HH:mm} UTC. Ask for a new one.");
        }

        if (OwnerOf(offer.Zone) is { } known && known != offer.OwnerPublicKey)
        {
            return new(false,
                $"Another share pins another owner key for {offer.Zone} than this code has. Ask the other owner which is right; then drop the old shares with 'ntm drop NAME' and accept the new.");
        }

        var name = ShareCode.NameOf(offer);
        if (_byName.Count >= Most && !_byName.ContainsKey(name))
        {
            return new(false, $"{Most} shares are accepted, which is the most; drop one first with 'ntm drop NAME'.");
        }

        var acceptance = Acceptance.Sign(offer, zone, ownerKey);
        offer.ShareSeed = ByteString.Empty;
        _byName[name] = share = new(offer, acceptance);
        var entry = new TakenShareEntry(SharedEntries.Version, offer.ToByteArray(), acceptance.ToByteArray());
        keep(new(Collection, name, JsonSerializer.SerializeToUtf8Bytes(entry, SharedEntries.Default.TakenShareEntry)));
        return new(true, $"{name} may be reached until {share.Expires:yyyy-MM-dd HH:mm} UTC ({offer.Ports}).");
    }

    /// <summary>Gives a share up.</summary>
    public Verdict Drop(string name)
    {
        if (!_byName.Remove(name))
        {
            return new(false, $"No share of {name} has been accepted; 'ntm shares' lists them.");
        }

        keep(new(Collection, name, null));
        return new(true, $"The share of {name} is dropped.");
    }

    /// <summary>The pinned owner key of a zone of which something is shared; null: nothing is.</summary>
    public ByteString? OwnerOf(string zone) => _byName.Values.FirstOrDefault(s => s.Offer.Zone == zone)?.Offer.OwnerPublicKey;

    /// <summary>The share by which a name may be asked for: its own, else another of that node's, the one that lasts longest.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>: what has expired does not count.</param>
    public TakenShare? For(string zone, string node, string? device, DateTimeOffset at) => _byName.Values
        .Where(s => s.Offer.Zone == zone && s.Offer.Node == node && s.Expires > at)
        .OrderByDescending(s => s.Offer.Device == (device ?? "")).ThenByDescending(s => s.Expires).FirstOrDefault();

    /// <summary>Takes a name apart that is a node's of which something is shared, or is below it.</summary>
    public bool TrySplit(string name, [NotNullWhen(true)] out string? zone, [NotNullWhen(true)] out string? node, out string? device)
    {
        foreach (var share in _byName.Values)
        {
            if (NtmName.TrySplit(name, share.Offer.Zone, out node, out device) && node == share.Offer.Node)
            {
                zone = share.Offer.Zone;
                return true;
            }
        }

        zone = node = device = null;
        return false;
    }

    private bool TryLoad(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, SharedEntries.Default.TakenShareEntry) is not { Version: SharedEntries.Version, Offer: not null, Acceptance: not null } entry
            || _byName.Count >= Most)
        {
            return false;
        }

        if (!Wire.TryParse(ShareOffer.Parser, entry.Offer, out var offer) || !Wire.TryParse(SignedAcceptance.Parser, entry.Acceptance, out var acceptance))
        {
            return false;
        }

        var share = new TakenShare(offer, acceptance);
        if (!NtmName.IsZone(offer.Zone) || !NtmName.IsLabel(offer.Node) || share.Name != write.Key || offer.OwnerPublicKey.Length != Crypto.Ed25519.Size
            || !Acceptance.TryVerify(acceptance, out _))
        {
            return false;
        }

        _byName[share.Name] = share;
        return true;
    }
}
