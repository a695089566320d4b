using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Relay;

/// <summary>
/// The pairings that coordinators directed, and the forwarding between their legs (docs/protocol.md section 5, "Relay legs"). A datagram passes when its channel is
/// paired and it comes from where that leg is bound; it leaves with the other leg's channel and nothing else changed. Payloads are never opened.
/// </summary>
internal sealed class Legs(RelayContext context, ChannelLeases leases, Func<PublicKey, RelayNode?> nodeOf)
{
    /// <summary>Held datagrams of all legs together: a bound on memory, at most 2 MB.</summary>
    private const int HeldInAll = 1024;

    // A pairing that is refreshed by less is not written again: coordinators refresh with every direction.
    private static readonly TimeSpan WorthKeeping = TimeSpan.FromMinutes(10);

    private readonly Dictionary<PublicKey, List<Leg>> _byKey = [];

    // One entry a pairing and one a leg that holds something; looked at again when due, so refreshing adds none.
    private readonly PriorityQueue<Leg, TimeSpan> _expiries = new();
    private readonly PriorityQueue<Leg, TimeSpan> _holding = new();
    private Leg?[] _legs = new Leg?[2 * Limits.ChannelsPerLease];
    private int _held;
    private int _pairs;

    public IEnumerable<Leg> All => _legs.OfType<Leg>();

    /// <summary>Ends of pairings that are scheduled, those of a few pairings that are gone included.</summary>
    public int Deadlines => _expiries.Count;

    public TimeSpan NextDeadline
    {
        get
        {
            var next = _expiries.TryPeek(out _, out var expiry) ? expiry : TimeSpan.MaxValue;
            return _holding.TryPeek(out _, out var held) && held < next ? held : next;
        }
    }

    /// <summary>Whether a coordinator has paired this key at present.</summary>
    public bool IsPaired(PublicKey key) => _byKey.ContainsKey(key);

    /// <summary>Forwards a datagram that came on a channel, or drops it, counted.</summary>
    public void Forward(Now now, Packet packet, uint channel)
    {
        var legs = _legs;
        var leg = channel < (uint)legs.Length ? legs[channel] : null;
        if (leg is null)
        {
            context.Counters.Count(leases.TryFind(channel, out _) ? "relay-not-directed" : "relay-unknown-channel");
            return;
        }

        var bytes = packet.Bytes;
        var from = packet.Path with { Channel = 0 };
        if (leg.AddressAt(now.Boot) != from)
        {
            if (!TryBind(now, leg, from, bytes))
            {
                return;
            }
        }
        else if (bytes[0] != TunnelMessage.Transport && leg.IsProvisional(now.Boot) && Mac1.Fits(leg.Mac1Key, bytes))
        {
            leg.BindProvisionally(now.Boot, from);
        }

        var other = leg.Other;
        TunnelMessage.WriteChannel(bytes, other.Channel);
        var to = other.AddressAt(now.Boot);
        if (to.IsNone)
        {
            Hold(now, other, bytes);
            return;
        }

        leg.Datagrams++;
        leg.Bytes += bytes.Length;
        packet.Path = to with { Channel = other.Channel };
        packet.Disposition = Disposition.ToWire;
    }

    /// <summary>Makes, refreshes or takes away a pairing, for the coordinator that leased both channels.</summary>
    public Signal Pair(Now now, PublicKey coordinator, RelayPairing wish)
    {
        if (!wish.KeyA.TryRead(out var keyA) || !wish.KeyB.TryRead(out var keyB) || keyA == keyB || wish.ChannelA == wish.ChannelB
            || keyA == context.Tunnels.Key.Public || keyB == context.Tunnels.Key.Public)
        {
            context.Counters.Count("relay-pairing-malformed");
            return Refuse(RefusalReason.RefusalMalformed, "A pairing has two channels and two keys, all different, none of them the relay's.");
        }

        if (!leases.TryFind(wish.ChannelA, out var leaseA) || !leases.TryFind(wish.ChannelB, out var leaseB)
            || leaseA.Coordinator != coordinator || leaseB.Coordinator != coordinator)
        {
            context.Counters.Count("relay-pairing-not-leased");
            return Refuse(RefusalReason.RefusalNotPermitted, $"Channels {wish.ChannelA} and {wish.ChannelB} are not leased to this coordinator.");
        }

        var acknowledged = new Signal { Acknowledgement = new Acknowledgement() };
        if (wish.Lifetime == 0)
        {
            if (Find(wish.ChannelA) is { } gone && gone.Other.Channel == wish.ChannelB)
            {
                Remove(gone);
            }

            return acknowledged;
        }

        // One that came back is registered here before it is paired; a coordinator that was not told of the removal pairs what is gone.
        if (IsRemoved(keyA) || IsRemoved(keyB))
        {
            context.Counters.Count("relay-pairing-of-removed");
            return Refuse(RefusalReason.RefusalRemoved, "The owner took one of the two out of the zone.");
        }

        var expires = now.Boot + TimeSpan.FromSeconds(Math.Min(wish.Lifetime, (uint)Limits.ChannelLease.TotalSeconds));
        expires = leaseA.Expires < expires ? leaseA.Expires : expires;
        expires = leaseB.Expires < expires ? leaseB.Expires : expires;
        var leg = Find(wish.ChannelA);
        if (leg is null || leg.Key != keyA || leg.Other.Key != keyB || leg.Other.Channel != wish.ChannelB)
        {
            RemoveAt(wish.ChannelA);
            RemoveAt(wish.ChannelB);
            leg = Add(coordinator, wish.ChannelA, keyA, wish.ChannelB, keyB, expires);
        }

        leg.Expires = leg.Other.Expires = expires;
        if ((expires - leg.KeptExpires).Duration() >= WorthKeeping)
        {
            leg.KeptExpires = leg.Other.KeptExpires = expires;
            context.Keep(RelayMemory.Pairings, KeptKey(leg), RelayMemory.Write(new StoredPairing(
                wish.ChannelA, keyA.ToString(), wish.ChannelB, keyB.ToString(), coordinator.ToString(), RelayMemory.ToWall(now, expires))));
        }

        return acknowledged;
    }

    /// <summary>Takes a pairing that was kept; false where it makes no sense, has ended, or its leases are gone.</summary>
    public bool TryRestore(Now now, StoredPairing stored)
    {
        var expires = RelayMemory.ToBoot(now, stored.Expires, Limits.ChannelLease);
        if (!PublicKey.TryParse(stored.KeyA, out var keyA) || !PublicKey.TryParse(stored.KeyB, out var keyB)
            || !PublicKey.TryParse(stored.Coordinator, out var coordinator) || keyA == keyB || stored.ChannelA == stored.ChannelB || expires <= now.Boot
            || !leases.TryFind(stored.ChannelA, out var a) || a.Coordinator != coordinator
            || !leases.TryFind(stored.ChannelB, out var b) || b.Coordinator != coordinator
            || IsRemoved(keyA) || IsRemoved(keyB) || Find(stored.ChannelA) is not null || Find(stored.ChannelB) is not null)
        {
            return false;
        }

        var leg = Add(coordinator, stored.ChannelA, keyA, stored.ChannelB, keyB, expires);
        leg.KeptExpires = leg.Other.KeptExpires = expires;
        return true;
    }

    /// <summary>A node has registered, or its tunnel gave another address: its legs follow, and what waited for them goes.</summary>
    public void Bind(Now now, RelayNode node)
    {
        if (_byKey.TryGetValue(node.Key, out var legs))
        {
            foreach (var leg in legs)
            {
                leg.Node = node;
                Flush(now, leg);
            }
        }
    }

    /// <summary>A node is out of the zone: its pairings go at once.</summary>
    public void RemoveOf(PublicKey key)
    {
        while (_byKey.TryGetValue(key, out var legs))
        {
            Remove(legs[0]);
        }
    }

    /// <summary>A lease has ended; pairings end with it.</summary>
    public void RemoveLeased(Lease lease)
    {
        for (var channel = lease.First; channel < lease.First + lease.Count; channel++)
        {
            RemoveAt(channel);
        }
    }

    public void HandleTimeout(Now now)
    {
        while (_expiries.TryPeek(out var leg, out var at) && at <= now.Boot)
        {
            _expiries.Dequeue();
            if (leg.IsRemoved)
            {
                continue;
            }

            if (leg.Expires <= now.Boot)
            {
                Remove(leg);
            }
            else
            {
                _expiries.Enqueue(leg, leg.Expires);
            }
        }

        while (_holding.TryPeek(out var leg, out var at) && at <= now.Boot)
        {
            _holding.Dequeue();
            leg.HeldIsScheduled = false;
            while (leg.Held.TryPeek(out var oldest) && oldest.Until <= now.Boot)
            {
                leg.Held.Dequeue();
                _held--;
                context.Counters.Count("relay-held-too-long");
            }

            ScheduleHeld(leg);
        }
    }

    private bool TryBind(Now now, Leg leg, WirePath from, ReadOnlySpan<byte> bytes)
    {
        // While an address holds, by the node's own tunnel or by an earlier handshake message, nobody else's is taken: mac1 can be forged by whoever
        // knows a public key.
        if (leg.Node?.IsFresh(now.Boot) is true || leg.IsProvisional(now.Boot))
        {
            context.Counters.Count("relay-wrong-source");
            return false;
        }

        if (context.Model.Endpoints.Contains(from.Remote))
        {
            context.Counters.Count("relay-own-address");   // spoofed: two such legs would send to this relay in a circle
            return false;
        }

        if (!Mac1.Fits(leg.Mac1Key, bytes))
        {
            context.Counters.Count("relay-unbound-source");
            return false;
        }

        leg.BindProvisionally(now.Boot, from);
        Flush(now, leg);
        return true;
    }

    private void Hold(Now now, Leg leg, ReadOnlySpan<byte> bytes)
    {
        if (leg.Held.Count >= Limits.WaitingDatagramsPerLeg)
        {
            leg.Held.Dequeue();
            _held--;
            context.Counters.Count("relay-held-too-many");
        }

        if (_held >= HeldInAll)
        {
            context.Counters.Count("relay-held-too-many");
            return;
        }

        leg.Held.Enqueue((now.Boot + Limits.WaitingTime, bytes.ToArray()));
        _held++;
        ScheduleHeld(leg);
    }

    private void ScheduleHeld(Leg leg)
    {
        if (!leg.HeldIsScheduled && leg.Held.TryPeek(out var oldest))
        {
            leg.HeldIsScheduled = true;
            _holding.Enqueue(leg, oldest.Until);
        }
    }

    private void Flush(Now now, Leg leg)
    {
        var to = leg.AddressAt(now.Boot);
        while (!to.IsNone && leg.Held.TryDequeue(out var held))
        {
            _held--;
            if (held.Until <= now.Boot)
            {
                context.Counters.Count("relay-held-too-long");
                continue;
            }

            leg.Other.Datagrams++;
            leg.Other.Bytes += held.Bytes.Length;
            context.Outbox.Send(to with { Channel = leg.Channel }, held.Bytes);
        }
    }

    private bool IsRemoved(PublicKey key) => nodeOf(key) is null && context.Removals.Of(key) is not null;

    private Leg? Find(uint channel) => channel < (uint)_legs.Length ? _legs[channel] : null;

    private Leg Add(PublicKey coordinator, uint channelA, PublicKey keyA, uint channelB, PublicKey keyB, TimeSpan expires)
    {
        var a = new Leg(channelA, keyA, keyB, coordinator) { Expires = expires };
        var b = new Leg(channelB, keyB, keyA, coordinator) { Expires = expires };
        (a.Other, b.Other) = (b, a);
        Place(a);
        Place(b);
        _pairs++;
        if (_expiries.Count > (2 * _pairs) + 64)
        {
            // Pairings that were taken away before their time.
            var left = _expiries.UnorderedItems.Where(e => !e.Element.IsRemoved).ToArray();
            _expiries.Clear();
            _expiries.EnqueueRange(left);
        }

        _expiries.Enqueue(a, expires);
        return a;
    }

    private void Place(Leg leg)
    {
        if (leg.Channel >= _legs.Length)
        {
            Array.Resize(ref _legs, (int)Math.Min(Math.Max(leg.Channel + 1, 2u * (uint)_legs.Length), Limits.ChannelLast + 1));
        }

        _legs[leg.Channel] = leg;
        leg.Node = nodeOf(leg.Key);
        if (!_byKey.TryGetValue(leg.Key, out var legs))
        {
            _byKey.Add(leg.Key, legs = []);
        }

        legs.Add(leg);
    }

    private void RemoveAt(uint channel)
    {
        if (Find(channel) is { } leg)
        {
            Remove(leg);
        }
    }

    private void Remove(Leg leg)
    {
        context.Keep(RelayMemory.Pairings, KeptKey(leg), null);
        _pairs--;
        foreach (var one in (ReadOnlySpan<Leg>)[leg, leg.Other])
        {
            one.IsRemoved = true;
            _held -= one.Held.Count;
            one.Held.Clear();
            _legs[one.Channel] = null;
            if (_byKey.TryGetValue(one.Key, out var legs))
            {
                legs.Remove(one);
                if (legs.Count == 0)
                {
                    _byKey.Remove(one.Key);
                }
            }
        }
    }

    private static string KeptKey(Leg leg) => RelayMemory.KeyOf(Math.Min(leg.Channel, leg.Other.Channel));

    private static Signal Refuse(RefusalReason reason, string text) => new() { Refusal = new Refusal { Reason = reason, Text = text } };
}
