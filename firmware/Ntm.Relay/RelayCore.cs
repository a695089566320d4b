using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Relay;

/// <summary>
/// The relay core: forwards sealed datagrams between two paths, by channels, and only what a coordinator of its zone directed. It cannot read what it
/// forwards, has no TUN, and speaks for itself only on channel 0: to its coordinators and to nodes that register.
/// </summary>
public sealed partial class RelayCore : ICore
{
    private readonly RelayContext _context;
    private readonly ChannelLeases _leases;
    private readonly Legs _legs;
    private readonly RelayNodes _nodes;
    private readonly Announcements _announcements;
    private readonly Reunion _reunion;
    private readonly CheckAnswers _checks;
    private readonly List<Tunnel.Tunnel> _expired = [];
    private IReadOnlyList<StoreWrite>? _memory;
    private bool _isCheck; // the datagram that is being taken
    private VouchedRemoval? _removed; // this relay itself, and not carried out yet

    /// <param name="model">What it announces.</param>
    /// <param name="key">Its key.</param>
    /// <param name="entropy">Randomness.</param>
    /// <param name="memory">All entries kept before (every <see cref="RelayEvent.Keep"/>), in any order.</param>
    public RelayCore(RelayModel model, StaticKeyPair key, IEntropy entropy, IEnumerable<StoreWrite> memory)
    {
        if (model.Problem is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(model));
        }

        _memory = [.. memory];
        var tunnels = new TunnelTable(key, entropy, Outbox, ReadMark(_memory), Limits.ReplayWindowNode);
        _context = new RelayContext(tunnels, Outbox, model);
        _checks = new CheckAnswers(tunnels, () => _context.Signals, _context.Counters);
        _leases = new ChannelLeases(_context);
        _nodes = new RelayNodes(_context, (now, node) => _legs!.Bind(now, node)) { IsPaired = peer => _legs!.IsPaired(peer) };
        _legs = new Legs(_context, _leases, _nodes.Find);
        _reunion = new Reunion(tunnels, _nodes.Open, Remove);
        _announcements = new Announcements(_context, boot => _legs.All.Count(l => !l.AddressAt(boot).IsNone)) { OnRemoved = OnRefusedAsRemoved };
        tunnels.OnUnknownPeer = (now, peer, path) => _nodes.OnUnknownPeer(now, peer, path.Remote);
        tunnels.OnChange = OnTunnelChange;
        tunnels.OnTimestampMark = mark => _context.Keep(
            RelayMemory.Timestamp, RelayMemory.Mark, Encoding.ASCII.GetBytes(mark.ToString(CultureInfo.InvariantCulture)));
        if (Membership.TryLoad(_memory, key.Public, Role.Relay, _context.Counters, out var membership, out var problem))
        {
            BecomeMember(membership);
        }
        else if (problem is not null)
        {
            _context.Warn(problem);
        }
    }

    public Outbox Outbox { get; } = new();

    /// <summary>Where its program listens for nodes' checks besides (socket <see cref="UplinkSocket.Observing"/>); 0: nowhere. Nodes are told.</summary>
    public ushort SecondPort
    {
        get => _checks.SecondPort;
        set => _nodes.SecondPort = _checks.SecondPort = value;
    }

    /// <summary>Whether it serves a zone.</summary>
    public bool IsMember => _context.Membership is not null;

    /// <summary>Ends of pairings that are scheduled.</summary>
    internal int LegDeadlines => _legs.Deadlines;

    public TimeSpan NextDeadline
    {
        get
        {
            if (_memory is not null)
            {
                return TimeSpan.Zero;   // not started: what was kept waits for the time
            }

            var next = _context.Tunnels.NextDeadline;
            next = Earlier(next, _context.Signals?.NextDeadline ?? TimeSpan.MaxValue);
            next = Earlier(next, Earlier(_announcements.NextDeadline, _checks.NextDeadline));
            next = Earlier(next, _nodes.NextDeadline);
            next = Earlier(next, _reunion.NextDeadline);
            next = Earlier(next, _legs.NextDeadline);
            return Earlier(next, _leases.NextDeadline);
        }
    }

    /// <summary>Joins a zone; ends with <see cref="RelayEvent.JoinEnded"/>. A relay serves one zone.</summary>
    /// <param name="inviteCode">An invite of role relay.</param>
    /// <param name="name">The wanted name; null: the invite's.</param>
    public void Join(Now now, string inviteCode, string? name)
    {
        EnsureStarted(now);
        if (_context.Membership is { } present)
        {
            EndJoin($"This relay serves zone {present.Zone} already, as {present.Name}. For another zone, use another data directory.");
        }
        else if (_context.Signals is not null)
        {
            EndJoin("A join is under way already. Wait for its end.");
        }
        else if (!InviteCode.TryRead(inviteCode, out var invite, out var grant, out var problem))
        {
            EndJoin(problem);
        }
        else if (grant.Role != Role.Relay)
        {
            EndJoin("This invite is not for a relay. Ask the zone's owner for one of role relay.");
        }
        else if (grant.Name.Length > 0 && name is not null && name != grant.Name)
        {
            EndJoin($"This invite is for the name '{grant.Name}', not '{name}'. Leave the name out.");
        }
        else if ((grant.Name.Length > 0 ? grant.Name : name) is not { } chosen || !NtmName.IsLabel(chosen))
        {
            EndJoin("A relay needs a name: one label of a-z, 0-9 and inner hyphens, for example rs1.");
        }
        else
        {
            var signed = InviteCode.Bind(invite, chosen, _context.Tunnels.Key.Public, now.Wall);
            var owner = invite.OwnerPublicKey.ToByteArray();
            if (!BindingCheck.TryVouch(signed, owner, grant.Zone, out var vouched, out var why))
            {
                EndJoin($"The invite cannot be used: {why}. Ask for a new one.");
                return;
            }

            var wanted = new Membership(owner, vouched, [.. invite.Coordinators]);
            _context.Signals = MakeSignals(wanted);
            new Joining(_context, wanted, (at, joined, reason) => OnJoinEnd(at, wanted, joined, reason)).AskNext(now);
        }
    }

    /// <summary>Takes other endpoints and announces them at once.</summary>
    /// <exception cref="ArgumentException">The model is no good: validate before (<see cref="RelayModel.Problem"/>).</exception>
    public void Apply(Now now, RelayModel model)
    {
        if (model.Problem is { } wrong)
        {
            throw new ArgumentException(wrong, nameof(model));
        }

        EnsureStarted(now);
        _context.Model = model;
        _announcements.AnnounceSoon(now);
    }

    public bool TryTakeEvent(out RelayEvent? happened) => _context.Events.TryDequeue(out happened);

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        EnsureStarted(now);
        for (var i = 0; i < batch.Count; i++)
        {
            var packet = batch[i];
            packet.Disposition = Disposition.Drop;
            if (TunnelMessage.Classify(packet.Bytes) == 0)
            {
                _context.Counters.Count("relay-unparsable");
                continue;
            }

            var channel = TunnelMessage.ReadChannel(packet.Bytes);
            if (UplinkSocket.SocketOf(packet.Path.Uplink) != 0 && (channel != 0 || TunnelMessage.Classify(packet.Bytes) != TunnelMessage.Transport))
            {
                _context.Counters.Count("second-port-not-a-check");
            }
            else if (channel != 0)
            {
                _legs.Forward(now, packet, channel);
            }
            else
            {
                Take(now, packet);
            }
        }

        RemoveExpired(now);
        Leave(now);
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Disposition = Disposition.Drop;
        }

        _context.Counters.Count("relay-has-no-tun", batch.Count);
    }

    public void HandleTimeout(Now now)
    {
        EnsureStarted(now);
        _reunion.HandleTimeout(now);
        _context.Tunnels.HandleTimeout(now);
        _context.Signals?.HandleTimeout(now);
        _announcements.HandleTimeout(now);
        _checks.HandleTimeout(now);
        _nodes.HandleTimeout(now);
        _legs.HandleTimeout(now);
        _leases.HandleTimeout(now, _legs.RemoveLeased);
        RemoveExpired(now);
    }

    public RelayStatus Describe(Now now)
    {
        EnsureStarted(now);
        var counters = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var source in (Counters?[])[_context.Counters, _context.Tunnels.Counters, _context.Signals?.Counters])
        {
            foreach (var (reason, count) in source?.All ?? new SortedDictionary<string, long>())
            {
                counters[reason] = counters.GetValueOrDefault(reason) + count;
            }
        }

        if (Outbox.Dropped > 0)
        {
            counters["outbox-full"] = Outbox.Dropped;
        }

        return new RelayStatus(
            _context.Membership?.Zone, _context.Membership?.Name, _context.Tunnels.Key.Public, _context.Model.Endpoints,
            [.. _announcements.Links.Select(l => new RelayCoordinatorStatus(l.Key, l.Tunnel.SendPath.Remote, l.Announced, l.Reason, l.Tunnel.LastReceived))],
            [.. _nodes.All.Select(n => new RelayNodeStatus(n.Name, n.Key, n.Path.Remote, n.HeardAt))],
            [.. _legs.All.Select(l => new LegStatus(
                l.Channel, l.Other.Channel, l.Key, l.AddressAt(now.Boot).Remote, l.IsProvisional(now.Boot), l.Datagrams, l.Bytes, l.Expires - now.Boot))],
            _leases.Channels, counters);
    }

    private void Take(Now now, Packet packet)
    {
        var verdict = _context.Tunnels.Open(now, packet, out var tunnel);
        packet.Disposition = Disposition.Drop;
        if (tunnel is null || verdict is not (OpenVerdict.KeepAlive or OpenVerdict.Data))
        {
            return;
        }

        // Answers go where it came from. A check may come from anywhere and moves nothing.
        var (former, isSecondPort) = (tunnel.SendPath, UplinkSocket.SocketOf(packet.Path.Uplink) != 0);
        if (!isSecondPort && (tunnel.Owner is CoordinatorLink || _context.Membership is not null))
        {
            tunnel.SendPath = tunnel.LastReceivedPath with { Channel = 0 };
        }

        _isCheck = false;
        if (verdict == OpenVerdict.Data && _context.Signals?.TryTake(now, tunnel, packet) is not true)
        {
            _context.Counters.Count("relay-inner-packet");   // nothing but signalling is for us, and nothing is passed on
        }

        if (_isCheck && !former.IsNone)
        {
            tunnel.SendPath = former;
        }
        else if (tunnel.Owner is not CoordinatorLink && !isSecondPort && _context.Membership is not null)
        {
            _nodes.OnHeard(now, tunnel);
        }
    }

    private void OnTunnelChange(Now now, Tunnel.Tunnel tunnel, TunnelChange change)
    {
        switch (change, tunnel.Owner)
        {
            case (TunnelChange.GaveUp or TunnelChange.Expired, CoordinatorLink link):
                _announcements.AnnounceSoon(now, link);
                break;
            case (TunnelChange.Established, _):
                _context.Signals?.OnEstablished(now, tunnel);
                if (tunnel.Owner is CoordinatorLink renewed)
                {
                    _announcements.AnnounceSoon(now, renewed);   // it may have restarted and know nothing of us
                }
                else
                {
                    tunnel.Candidates.Clear();   // from here on it goes where the node is heard from
                    if (tunnel.Owner is RelayNode)
                    {
                        _nodes.OnHeard(now, tunnel); // that it answered us says where it is
                    }
                    else if (_context.Membership is { } membership)
                    {
                        // It may think that it is registered.
                        _context.Signals?.Notify(now, tunnel, new Signal { PathCheckReply = new() }, null, membership.Addressing.Node(tunnel.Peer));
                    }
                }

                break;
            case (TunnelChange.Expired, _) when _context.Membership is not null:
                _expired.Add(tunnel);   // removed after the call that tells us, not within it
                break;
        }
    }

    private void RemoveExpired(Now now)
    {
        foreach (var tunnel in _expired)
        {
            Remove(now, tunnel);
        }

        _expired.Clear();
    }

    private void Remove(Now now, Tunnel.Tunnel tunnel)
    {
        _nodes.Forget(tunnel);
        _context.Signals?.Forget(now, tunnel);
        _context.Tunnels.Remove(tunnel);
    }

    private void OnJoinEnd(Now now, Membership wanted, bool joined, string reason)
    {
        if (joined)
        {
            foreach (var write in wanted.ToStore())
            {
                _context.Events.Enqueue(new RelayEvent.Keep(write));
            }

            _context.Membership = wanted;
            _announcements.Start(now);
        }
        else
        {
            _context.Signals = null;
        }

        _context.Events.Enqueue(new RelayEvent.JoinEnded(joined, reason));
    }

    private void EndJoin(string why) => _context.Events.Enqueue(new RelayEvent.JoinEnded(false, why));

    // Guests are of other zones; a provisional tunnel's zone is not known yet.
    private SignalChannel MakeSignals(Membership membership) =>
        new(_context.Tunnels, membership.Addressing.Node(_context.Tunnels.Key.Public), tunnel => tunnel.Owner switch
        {
            RelayNode { IsGuest: true } => null,
            null when _context.Membership is not null => null,
            _ => membership.Addressing.Node(tunnel.Peer),
        })
        {
            OnSignal = OnSignal,
            IsStranger = static tunnel => tunnel.Owner is null,
        };

    private void BecomeMember(Membership membership)
    {
        _context.Membership = membership;
        _context.Signals = MakeSignals(membership);
    }

    /// <summary>What was kept is taken back on the first call, because expiries need the time.</summary>
    private void EnsureStarted(Now now)
    {
        if (_memory is { } memory)
        {
            _memory = null;
            Start(now, memory);
        }
    }

    private void Start(Now now, IReadOnlyList<StoreWrite> memory)
    {
        if (_context.Membership is null)
        {
            return;
        }

        _context.Removals.Load(memory, _context.Membership.OwnerKey, _context.Membership.Zone);

        // In the order in which they lean on one another; an entry that is no good any more is taken out of the store.
        Restore(memory, RelayMemory.Nodes, e => _nodes.TryRestore(e.Value!));
        Restore(memory, RelayMemory.Leases, e => RelayMemory.TryRead(e.Value!, out StoredLease? l) && _leases.TryRestore(now, l));
        Restore(memory, RelayMemory.Pairings, e => RelayMemory.TryRead(e.Value!, out StoredPairing? p) && _legs.TryRestore(now, p));
        Restore(memory, RelayMemory.Addresses, e => RelayMemory.TryRead(e.Value!, out StoredAddress? a) && _nodes.TryRestoreAddress(now, e.Key, a));
        _announcements.Start(now);
        foreach (var node in _nodes.All.Where(n => !n.Path.IsNone))
        {
            _reunion.Expect(node.Key, node.Path);
        }
    }

    private void Restore(IReadOnlyList<StoreWrite> memory, string collection, Func<StoreWrite, bool> take)
    {
        var dropped = 0;
        foreach (var entry in memory)
        {
            if (entry.Collection == collection && entry.Value is not null && !take(entry))
            {
                dropped++;
                _context.Keep(collection, entry.Key, null);
            }
        }

        if (dropped > 0)
        {
            _context.Counters.Count("relay-memory-dropped", dropped);
            _context.Note($"{dropped} kept entries of {collection} have ended or are no good, and were dropped.");
        }
    }

    private static ulong ReadMark(IEnumerable<StoreWrite> memory)
    {
        var value = memory.LastOrDefault(e => e is { Collection: RelayMemory.Timestamp, Key: RelayMemory.Mark })?.Value;
        return value is not null && Utf8Parser.TryParse(value, out ulong mark, out var used) && used == value.Length ? mark : 0;
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
