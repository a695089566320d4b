using System.Text.Json;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>Two nodes' channels at one relay. A is the node of the lower key.</summary>
internal sealed record ChannelPair(PublicKey KeyA, uint ChannelA, PublicKey KeyB, uint ChannelB, ChannelLease Lease)
{
    public uint ChannelOf(PublicKey key) => key == KeyA ? ChannelA : ChannelB;

    /// <param name="seconds">What is left of the lease; 0 in the store.</param>
    public RelayPairing ToWire(uint seconds) =>
        new() { ChannelA = ChannelA, KeyA = KeyA.ToWire(), ChannelB = ChannelB, KeyB = KeyB.ToWire(), Lifetime = seconds };
}

/// <summary>
/// One relay's channels: which are leased, which pair of nodes has which. A pair keeps its channels while they are leased; all of it is kept, so that a
/// restarted coordinator hands out none twice.
/// </summary>
internal sealed class ChannelBook(CoordinatorContext context, PublicKey relay)
{
    public const string LeaseCollection = "lease";
    public const string PairCollection = "pair";

    private readonly List<ChannelLease> _leases = [];
    private readonly Dictionary<(PublicKey, PublicKey), ChannelPair> _pairs = [];

    /// <summary>Of pairs that no relay was told of and that are not kept yet: how many directions hold them.</summary>
    private readonly Dictionary<(PublicKey, PublicKey), int> _untold = [];
    private TimeSpan _healAt = TimeSpan.Zero;

    /// <summary>A request for a lease is under way.</summary>
    public bool Asking { get; set; }

    public int Free => _leases.Sum(l => l.Free);

    public IReadOnlyCollection<ChannelPair> Pairs => _pairs.Values;

    /// <summary>Whether more channels should be leased now.</summary>
    public bool WantsLease(Now now) =>
        !Asking && _leases.Count < Bounds.LeasesPerRelay
        && _leases.Where(l => l.Left(now.Boot) > Bounds.LeaseAhead).Sum(l => l.Free) < Limits.ChannelsPerLease / 2;

    /// <summary>
    /// Holds the pair's channels for a direction: those it has where their lease lasts, else new ones; null where none are free. Then either <see cref="TryTell"/> or
    /// <see cref="Release"/>.
    /// </summary>
    public ChannelPair? Allocate(Now now, PublicKey one, PublicKey other)
    {
        var key = one < other ? (one, other) : (other, one);
        if (_pairs.TryGetValue(key, out var pair) && pair.Lease.Left(now.Boot) > Bounds.LeaseLeft)
        {
            if (_untold.TryGetValue(key, out var holders))
            {
                _untold[key] = holders + 1;
            }

            return pair;
        }

        foreach (var lease in _leases.Where(l => l.Free >= 2 && l.Left(now.Boot) > Bounds.LeaseLeft).OrderByDescending(l => l.Until))
        {
            if (lease.TryTake(out var a, out var b))
            {
                // The former channels, near their lease's end, are not used again within it.
                pair = new(key.Item1, a, key.Item2, b, lease);
                _pairs[key] = pair;
                _untold[key] = 1;
                return pair;
            }
        }

        return null;
    }

    /// <summary>The relay is about to be told: from now on the pair has its channels for as long as they are leased.</summary>
    /// <returns>False where they are the pair's no more: their lease ended meanwhile, or one of the two was removed.</returns>
    public bool TryTell(ChannelPair pair)
    {
        if (!IsHeld(pair))
        {
            return false;
        }

        if (_untold.Remove((pair.KeyA, pair.KeyB)))
        {
            context.Keep(PairCollection, KeyOf(pair), pair.ToWire(0).ToByteArray());
        }

        return true;
    }

    /// <summary>A direction came to nothing: channels that no relay was told of are given back with the last direction that holds them.</summary>
    public void Release(ChannelPair pair)
    {
        var key = (pair.KeyA, pair.KeyB);
        if (!IsHeld(pair) || !_untold.TryGetValue(key, out var holders))
        {
            return;
        }

        if (holders > 1)
        {
            _untold[key] = holders - 1;
            return;
        }

        _pairs[key].Lease.GiveBack(pair.ChannelA, pair.ChannelB); // its lease may have been replaced by one that holds it, too
        Forget(_pairs[key]);
    }

    /// <summary>Whether a refused pairing may ask for a lease now: a relay that refuses whatever it is told is not asked without end.</summary>
    public bool MayHeal(TimeSpan now)
    {
        if (now < _healAt)
        {
            return false;
        }

        _healAt = now + Bounds.LeaseHealing;
        return true;
    }

    /// <summary>Takes a relay's lease; null where it makes no sense. Overlapping ones of before are replaced by it, pairs within it stay.</summary>
    public ChannelLease? Take(Now now, ChannelLeaseResponse response)
    {
        if (response.First == 0 || response.Count is < 2 or > Limits.ChannelsPerLease || response.First > Limits.ChannelLast - response.Count + 1
            || response.Lifetime == 0)
        {
            return null;
        }

        var seconds = Math.Min(response.Lifetime, (uint)Limits.ChannelLease.TotalSeconds);
        var lease = new ChannelLease(response.First, response.Count, now.Wall.AddSeconds(seconds)) { Until = now.Boot + TimeSpan.FromSeconds(seconds) };
        foreach (var former in _leases.Where(lease.Overlaps).ToArray())
        {
            // The relay has forgotten what it leased before: a restart.
            Replace(former, lease);
        }

        if (_leases.Count > Bounds.LeasesPerRelay)
        {
            return null; // one more than is asked for, so that a lease that the relay forgot can be replaced
        }

        _leases.Add(lease);
        var kept = new ChannelLease.Kept(lease.First, lease.Count, lease.Expires.ToUnixTimeSeconds());
        context.Keep(LeaseCollection, KeyOf(lease), JsonSerializer.SerializeToUtf8Bytes(kept, KeptJson.Default.Kept));
        return lease;
    }

    /// <summary>The relay does not know the lease any more.</summary>
    public void Drop(ChannelLease lease)
    {
        if (!_leases.Remove(lease))
        {
            return;
        }

        context.Keep(LeaseCollection, KeyOf(lease), null);
        foreach (var pair in _pairs.Values.Where(p => p.Lease == lease).ToArray())
        {
            Forget(pair);
        }
    }

    /// <summary>Forgets a node's pairs; their channels are not used again within the lease.</summary>
    /// <returns>The pairs, for the relay to be told.</returns>
    public IReadOnlyList<ChannelPair> Drop(PublicKey node)
    {
        var gone = _pairs.Values.Where(p => p.KeyA == node || p.KeyB == node).ToArray();
        foreach (var pair in gone)
        {
            Forget(pair);
        }

        return gone;
    }

    /// <summary>Forgets one pair.</summary>
    public bool Drop(PublicKey one, PublicKey other)
    {
        if (!_pairs.TryGetValue(one < other ? (one, other) : (other, one), out var pair))
        {
            return false;
        }

        Forget(pair);
        return true;
    }

    /// <summary>The relay is no member any more.</summary>
    public void DropAll()
    {
        foreach (var lease in _leases.ToArray())
        {
            Drop(lease);
        }
    }

    /// <summary>Forgets leases that have ended.</summary>
    public void Sweep(Now now)
    {
        foreach (var lease in _leases.ToArray())
        {
            // From the store: wall time may have jumped, so no longer than a lease can last.
            lease.Until ??= now.Boot + TimeSpan.FromTicks(Math.Clamp((lease.Expires - now.Wall).Ticks, 0, Limits.ChannelLease.Ticks));
            if (lease.Until <= now.Boot)
            {
                Drop(lease);
            }
        }
    }

    /// <summary>One entry of the store; leases before pairs.</summary>
    public void Load(StoreWrite entry)
    {
        try
        {
            if (entry.Collection == LeaseCollection && JsonSerializer.Deserialize(entry.Value, KeptJson.Default.Kept) is { } kept
                && kept.Count is >= 2 and <= Limits.ChannelsPerLease)
            {
                _leases.Add(new(kept.First, kept.Count, DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(kept.Expires, 0, int.MaxValue))));
            }
            else if (entry.Collection == PairCollection && Wire.TryParse(RelayPairing.Parser, entry.Value, out var pairing))
            {
                LoadPair(pairing);
            }
            else
            {
                context.Counters.Count("memory-refused");
            }
        }
        catch (JsonException)
        {
            context.Counters.Count("memory-refused");
        }
    }

    // A lease may have been replaced by another that holds the same channels.
    private bool IsHeld(ChannelPair pair) =>
        _pairs.TryGetValue((pair.KeyA, pair.KeyB), out var held) && (held.ChannelA, held.ChannelB) == (pair.ChannelA, pair.ChannelB);

    private void Forget(ChannelPair pair)
    {
        _pairs.Remove((pair.KeyA, pair.KeyB));
        if (!_untold.Remove((pair.KeyA, pair.KeyB)))
        {
            context.Keep(PairCollection, KeyOf(pair), null);
        }
    }

    private void LoadPair(RelayPairing kept)
    {
        var lease = _leases.Find(l => l.Holds(kept.ChannelA) && l.Holds(kept.ChannelB));
        if (lease is not null && kept.KeyA.TryRead(out var a) && kept.KeyB.TryRead(out var b) && a < b)
        {
            _pairs[(a, b)] = new(a, kept.ChannelA, b, kept.ChannelB, lease);
            lease.Occupy(new HashSet<uint> { kept.ChannelA, kept.ChannelB });
        }
        else
        {
            context.Counters.Count("memory-refused");
        }
    }

    private void Replace(ChannelLease former, ChannelLease lease)
    {
        var stay = _pairs.Values.Where(p => p.Lease == former && lease.Holds(p.ChannelA) && lease.Holds(p.ChannelB)).ToArray();
        foreach (var pair in stay)
        {
            _pairs[(pair.KeyA, pair.KeyB)] = pair with { Lease = lease };
        }

        lease.Occupy(stay.SelectMany(p => new[] { p.ChannelA, p.ChannelB }).ToHashSet());
        Drop(former);
    }

    private string KeyOf(ChannelLease lease) => $"{relay} {lease.First}";

    private string KeyOf(ChannelPair pair) => $"{relay} {pair.KeyA} {pair.KeyB}";
}
