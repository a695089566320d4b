using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>
/// The removals a party knows of, kept, oldest first. Only the owner can make one, so only the owner can fill it; bounded even so.
/// </summary>
/// <param name="counters">Where what is not taken is counted.</param>
/// <param name="keep">Keeps an entry over a power cut.</param>
/// <param name="collection">Where; another than usual for those of other zones.</param>
public sealed class Removals(Counters counters, Action<StoreWrite> keep, string collection = Removals.Collection)
{
    public const string Collection = "removal";

    // By invite: one removal a binding.
    private readonly Dictionary<ByteString, VouchedRemoval> _byInvite = [];
    private readonly Dictionary<PublicKey, VouchedRemoval> _latest = [];
    private readonly List<VouchedRemoval> _all = [];

    /// <summary>In the order in which they were learned; only ever added to, until <see cref="Clear"/>.</summary>
    public IReadOnlyList<VouchedRemoval> All => _all;

    /// <summary>From the store, each checked against the owner key again.</summary>
    public void Load(IEnumerable<StoreWrite> memory, byte[] ownerKey, string zone) => Load(memory, other => other == zone ? [ByteString.CopyFrom(ownerKey)] : []);

    /// <summary>From the store, each checked against the owner keys of its zone again.</summary>
    public void Load(IEnumerable<StoreWrite> memory, Func<string, IReadOnlyList<ByteString>> ownersOf)
    {
        foreach (var entry in memory.Where(e => e.Collection == collection && e.Value is not null))
        {
            if (_all.Count < Limits.Removals && TryParse(entry.Value!, out var signed) && VouchedRemoval.TryRead(signed, out var read)
                && ownersOf(read.Zone).Any(owner => VouchedRemoval.TryVouch(signed, owner.Span, read.Zone, out _, out _)))
            {
                Add(read);
            }
            else
            {
                counters.Count("removal-entry-unreadable");
            }
        }
    }

    /// <summary>Takes a removal, once. False where it is not good, known, or one too many: then nothing changes.</summary>
    /// <param name="removal">What it says, where it is good; also where it was known before.</param>
    public bool TryTake(SignedRemoval? signed, ReadOnlySpan<byte> ownerKey, string zone, out VouchedRemoval? removal, [NotNullWhen(false)] out string? problem)
    {
        if (!VouchedRemoval.TryVouch(signed, ownerKey, zone, out removal, out problem))
        {
            counters.Count("removal-not-vouched");
            return false;
        }

        if (_byInvite.ContainsKey(removal.OneTimeKey))
        {
            problem = "it is known already";
            return false;
        }

        if (_all.Count >= Limits.Removals)
        {
            counters.Count("removal-too-many");
            problem = $"{Limits.Removals} removals are known, and there is no room for more: rotate the owner key";
            return false;
        }

        Add(removal);
        keep(new(collection, removal.OneTimeKey.ToBase64(), removal.Signed.ToByteArray()));
        return true;
    }

    /// <summary>Whether a binding is of no worth any more.</summary>
    public bool Cover(VouchedBinding binding, [NotNullWhen(true)] out VouchedRemoval? removal) =>
        (_byInvite.TryGetValue(binding.OneTimeKey, out removal) && removal.Covers(binding))
        || (_latest.TryGetValue(binding.Key, out removal) && removal.Covers(binding));

    /// <summary>The latest removal of a key, which may have come back with a younger binding since; null: none.</summary>
    public VouchedRemoval? Of(PublicKey key) => _latest.GetValueOrDefault(key);

    /// <summary>Forgets all of them: another zone, or none, from now on.</summary>
    public void Clear()
    {
        foreach (var removal in _byInvite.Values)
        {
            keep(new(collection, removal.OneTimeKey.ToBase64(), null));
        }

        _byInvite.Clear();
        _latest.Clear();
        _all.Clear();
    }

    private void Add(VouchedRemoval removal)
    {
        if (_byInvite.TryAdd(removal.OneTimeKey, removal))
        {
            _all.Add(removal);
        }

        if (!_latest.TryGetValue(removal.Key, out var latest) || latest.MadeAt < removal.MadeAt)
        {
            _latest[removal.Key] = removal;
        }
    }

    private static bool TryParse(byte[] value, [NotNullWhen(true)] out SignedRemoval? signed) => Wire.TryParse(SignedRemoval.Parser, value, out signed);
}
