using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Relay;

/// <summary>What coordinators and nodes say to the relay: leases, pairings, removals, registrations.</summary>
public sealed partial class RelayCore
{
    private Signal? OnSignal(Now now, Tunnel.Tunnel tunnel, WirePath path, Signal signal)
    {
        _isCheck = signal is { PathCheck: not null, Number: 0 };
        if (_isCheck && tunnel.Owner is RelayNode && _context.Membership is not null)
        {
            _checks.Take(now, tunnel, path, signal.PathCheck!);
            return null;
        }

        if (UplinkSocket.SocketOf(path.Uplink) != 0)
        {
            _context.Counters.Count("second-port-not-a-check");
            return null;
        }

        if (signal is { PathCheckReply.Id: 0, Number: 0 })
        {
            return null; // a coordinator that does not know us yet; we announce ourselves as it is
        }

        // A relay's own removal comes without a number: the coordinator waits for nothing from it any more.
        if (_context.Membership is null || (signal.Number == 0 && signal.RemovalNotice is null))
        {
            _context.Counters.Count("relay-signal-not-for-us");
            return null;
        }

        switch (tunnel.Owner, signal.BodyCase)
        {
            case (CoordinatorLink, Signal.BodyOneofCase.ChannelLeaseRequest):
                return Lease(now, tunnel.Peer, signal.ChannelLeaseRequest.Count);
            case (CoordinatorLink, Signal.BodyOneofCase.RelayPairing):
                return _legs.Pair(now, tunnel.Peer, signal.RelayPairing);
            case (CoordinatorLink, Signal.BodyOneofCase.RemovalNotice):
                return OnRemovals(now, signal.RemovalNotice);
            case (not CoordinatorLink, Signal.BodyOneofCase.RelayRegistrationRequest):
                return _nodes.Register(now, tunnel, path, signal.RelayRegistrationRequest);
            default:
                _context.Counters.Count("relay-signal-not-permitted");
                return new Signal
                {
                    Refusal = new Refusal
                    {
                        Reason = tunnel.Owner is null ? RefusalReason.RefusalNotRegistered : RefusalReason.RefusalNotPermitted,
                        Text = tunnel.Owner is null ? "Register first." : "A relay does not take this from you.",
                    },
                };
        }
    }

    private Signal OnRemovals(Now now, RemovalNotice notice)
    {
        var membership = _context.Membership!;
        foreach (var signed in notice.Removals)
        {
            if (!_context.Removals.TryTake(signed, membership.OwnerKey, membership.Zone, out var removal, out _))
            {
                continue;
            }

            if (removal!.Covers(membership.Binding))
            {
                _removed = removal;
                continue;
            }

            foreach (var node in _nodes.All.Where(n => n.Binding is { } binding && removal.Covers(binding)).ToArray())
            {
                _nodes.Remove(now, node);
                _legs.RemoveOf(node.Key);
                _context.Note($"Node {node.Name} is out of the zone: the owner removed it.");
            }

            // One that showed no binding of ours is a guest; one that is paired and was never here has legs all the same.
            if (_nodes.Find(removal.Key) is { IsGuest: true } guest)
            {
                _nodes.Remove(now, guest);
            }

            if (_nodes.Find(removal.Key) is null)
            {
                _legs.RemoveOf(removal.Key);
            }
        }

        return new Signal { Acknowledgement = new Acknowledgement() };
    }

    // A coordinator may say anything; the owner's word counts.
    private void OnRefusedAsRemoved(SignedRemoval signed)
    {
        if (_context.Membership is { } membership && VouchedRemoval.TryVouch(signed, membership.OwnerKey, membership.Zone, out var removal, out _)
            && removal.Covers(membership.Binding))
        {
            _removed = removal;
        }
    }

    // After the call that tells us, which still wants to answer.
    private void Leave(Now now)
    {
        if (_removed is not { } removal || _context.Membership is not { } membership)
        {
            return;
        }

        _context.Warn(
            $"The owner took this relay out of the zone {membership.Zone}, where it was '{removal.Name}'. It forwards nothing any more. To serve again, join with a new invite into a new folder.");
        foreach (var node in _nodes.All.ToArray())
        {
            _legs.RemoveOf(node.Key);
            _nodes.Remove(now, node);
        }

        foreach (var leg in _legs.All.ToArray())
        {
            _legs.RemoveOf(leg.Key);
        }

        _announcements.Stop(now);
        foreach (var write in membership.ToStore())
        {
            _context.Keep(write.Collection, write.Key, null);
        }

        _context.Membership = null;
        _context.Signals = null;
        _removed = null;
    }

    private Signal Lease(Now now, PublicKey coordinator, uint wanted)
    {
        if (!_leases.TryLease(now, coordinator, wanted, out var lease))
        {
            _context.Counters.Count("relay-lease-refused");
            return new Signal
            {
                Refusal = new Refusal
                {
                    Reason = wanted == 0 ? RefusalReason.RefusalMalformed : RefusalReason.RefusalBusy,
                    Text = wanted == 0 ? "A lease is of at least one channel." : "This relay has no more channels for this coordinator.",
                },
            };
        }

        return new Signal
        {
            ChannelLeaseResponse = new ChannelLeaseResponse
            {
                First = lease.First, Count = lease.Count, Lifetime = (uint)Limits.ChannelLease.TotalSeconds,
            },
        };
    }
}
