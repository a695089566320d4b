using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Relay;

/// <summary>
/// The nodes that may use this relay: whoever shows a binding of the zone's owner, and as guests those of other zones whose key a coordinator pairs. Handshakes of unknown keys get a provisional tunnel, on which nothing but a
/// registration is heard. A registered node's address follows its authenticated datagrams.
/// </summary>
internal sealed class RelayNodes(RelayContext context, Action<Now, RelayNode> onBound)
{
    /// <summary>Nodes remembered, each of an invite of its own: as many as a coordinator has members.</summary>
    private const int NodesMost = 4096;

    /// <summary>Guests at once.</summary>
    private const int GuestsMost = 1024;

    /// <summary>A node that is seen at another address is told so no sooner again.</summary>
    private static readonly TimeSpan MovedSpacing = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan GuestSweep = TimeSpan.FromMinutes(1);

    private readonly Dictionary<PublicKey, RelayNode> _byKey = [];
    private readonly Dictionary<string, PublicKey> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<VirtualAddress, PublicKey> _vips = [];

    /// <summary>One-time key -> the key that it bound. Whoever holds an invite can bind any number of keys with it; one counts.</summary>
    private readonly Dictionary<ByteString, PublicKey> _usedInvites = [];
    private readonly List<Newcomer> _provisional = [];

    // Addresses are kept so that a restarted relay forwards at once and finds its nodes; they change rarely, and a few seconds' loss is mended by the node's next datagram.
    private TimeSpan _keepAt = TimeSpan.MaxValue;
    private TimeSpan _keptAt = TimeSpan.Zero;
    private TimeSpan _guestSweepAt = TimeSpan.MaxValue;
    private int _guests;

    /// <summary>Where nodes may have their checks answered besides; 0: nowhere.</summary>
    public ushort SecondPort { get; set; }

    public IEnumerable<RelayNode> All => _byKey.Values;

    /// <summary>Whether a coordinator of ours pairs this key at present: then its node may be of another zone.</summary>
    public required Predicate<PublicKey> IsPaired { get; init; }

    public RelayNode? Find(PublicKey key) => _byKey.GetValueOrDefault(key);

    public TimeSpan NextDeadline
    {
        get
        {
            var next = _keepAt < _guestSweepAt ? _keepAt : _guestSweepAt;
            return _provisional.Count > 0 && _provisional[0].Until < next ? _provisional[0].Until : next;
        }
    }

    /// <summary>A valid initiation of a key without a tunnel came.</summary>
    public Tunnel.Tunnel? OnUnknownPeer(Now now, PublicKey key, RealAddress from)
    {
        if (context.Membership is null)
        {
            context.Counters.Count("relay-not-a-member");
            return null;
        }

        if (Open(key) is { } known)
        {
            return known;
        }

        if (_provisional.Count >= Limits.ProvisionalTunnels)
        {
            var (gone, reason) = GivingWay.Judge(_provisional, from);
            context.Counters.Count("relay-" + reason);
            if (gone is null)
            {
                return null;
            }

            EndProvisional(now, _provisional.FindIndex(p => p.Tunnel == gone));
        }

        var tunnel = context.Tunnels.Add(key, TunnelKind.Ntm);
        _provisional.Add(new(tunnel, now.Boot + Limits.ProvisionalLifetime, from));
        return tunnel;
    }

    /// <summary>A known node's tunnel, made if there is none; null: no node has this key.</summary>
    public Tunnel.Tunnel? Open(PublicKey key)
    {
        if (!_byKey.TryGetValue(key, out var node))
        {
            return null;
        }

        var tunnel = context.Tunnels.Add(key, TunnelKind.Ntm);
        tunnel.Owner = node;
        return tunnel;
    }

    /// <summary>A node registers, for the first time or again.</summary>
    public Signal Register(Now now, Tunnel.Tunnel tunnel, WirePath path, RelayRegistrationRequest request)
    {
        if (!_byKey.TryGetValue(tunnel.Peer, out var node))
        {
            if (IsPaired(tunnel.Peer) && context.Removals.Of(tunnel.Peer) is null && BindingCheck.ZoneOf(request.Binding) != context.Membership!.Zone)
            {
                if (_guests >= GuestsMost)
                {
                    return new Signal { Refusal = Refuse("relay-guests-full", RefusalReason.RefusalBusy, $"This relay has {GuestsMost} guests already.") };
                }

                node = AddGuest(now, tunnel.Peer);
            }
            else if (TryAdmit(tunnel.Peer, request.Binding, out var binding, out var refusal))
            {
                node = new RelayNode(tunnel.Peer, binding);
                Add(node, binding);
                context.Keep(RelayMemory.Nodes, node.Key.ToString(), binding.Signed.ToByteArray());
            }
            else
            {
                return new Signal { Refusal = refusal };
            }

            _provisional.RemoveAll(p => p.Tunnel == tunnel);
            tunnel.Owner = node;
            context.Note($"{(node.IsGuest ? "A node of another zone," : "Node")} {node.Name} registered for the first time, from {path.Remote}.");
            onBound(now, node);
            Hear(now, tunnel, node, path);
        }
        else if (node.Binding is { } former && !former.Signed.Equals(request.Binding) && TryAdmit(node.Key, request.Binding, out var renewed, out _)
            && renewed.Name == former.Name)
        {
            node.Binding = renewed;
            _usedInvites[renewed.OneTimeKey] = node.Key;
            context.Keep(RelayMemory.Nodes, node.Key.ToString(), renewed.Signed.ToByteArray());
        }

        return new Signal
        {
            RelayRegistrationResponse = new RelayRegistrationResponse
            {
                Observed = path.Remote.ToWire(),
                Lifetime = (uint)Limits.RegistrationRenewal.TotalSeconds,
                SecondPort = SecondPort,
            },
        };
    }

    /// <summary>An authenticated datagram came on a tunnel that is not a coordinator's.</summary>
    public void OnHeard(Now now, Tunnel.Tunnel tunnel)
    {
        var path = tunnel.LastReceivedPath with { Channel = 0 };
        if (tunnel.Owner is RelayNode node)
        {
            Hear(now, tunnel, node, path);
        }
        else
        {
            tunnel.SendPath = path;
        }
    }

    /// <summary>A node is out of the zone; its invite stays used.</summary>
    public void Remove(Now now, RelayNode node)
    {
        _byKey.Remove(node.Key);
        if (node.Binding is { } binding)
        {
            _names.Remove(binding.Name);
            _vips.Remove(context.Membership!.Addressing.Node(node.Key));
            context.Keep(RelayMemory.Nodes, node.Key.ToString(), null);
        }
        else
        {
            _guests--;
        }

        context.Keep(RelayMemory.Addresses, node.Key.ToString(), null);
        if (context.Tunnels.Find(node.Key) is { } tunnel)
        {
            context.Signals?.Forget(now, tunnel);
            context.Tunnels.Remove(tunnel);
        }
    }

    /// <summary>A binding that was kept; false where it is no good any more.</summary>
    public bool TryRestore(byte[] value)
    {
        if (!Wire.TryParse(SignedBinding.Parser, value, out var signed) || !Wire.TryParse(Binding.Parser, signed.Binding, out var read)
            || !read.PublicKey.TryRead(out var key) || !TryAdmit(key, signed, out var binding, out _))
        {
            return false;
        }

        Add(new RelayNode(key, binding), binding);
        return true;
    }

    /// <summary>An address that was kept, after bindings and pairings. One of a key that is paired and has no binding here is a guest's.</summary>
    public bool TryRestoreAddress(Now now, string key, StoredAddress stored)
    {
        if (!PublicKey.TryParse(key, out var publicKey) || !RealAddress.TryParse(stored.Address, out var address) || stored.Uplink < 0)
        {
            return false;
        }

        if (!_byKey.TryGetValue(publicKey, out var node))
        {
            if (!IsPaired(publicKey) || context.Removals.Of(publicKey) is not null || _guests >= GuestsMost)
            {
                return false;
            }

            node = AddGuest(now, publicKey);
        }

        node.Remember(new WirePath(stored.Uplink, address, 0));
        onBound(now, node);
        return true;
    }

    private RelayNode AddGuest(Now now, PublicKey key)
    {
        var guest = new RelayNode(key, null);
        _byKey.Add(key, guest);
        _guests++;
        _guestSweepAt = _guestSweepAt == TimeSpan.MaxValue ? now.Boot + GuestSweep : _guestSweepAt;
        return guest;
    }

    /// <summary>Guests whose last pairing has ended go.</summary>
    private void SweepGuests(Now now)
    {
        foreach (var gone in _byKey.Values.Where(n => n.IsGuest && !IsPaired(n.Key)).ToArray())
        {
            _byKey.Remove(gone.Key);
            _guests--;
            context.Keep(RelayMemory.Addresses, gone.Key.ToString(), null);
            if (context.Tunnels.Find(gone.Key) is { } tunnel && tunnel.Owner == gone)
            {
                context.Signals?.Forget(now, tunnel);
                context.Tunnels.Remove(tunnel);
            }
        }

        _guestSweepAt = _guests > 0 ? now.Boot + GuestSweep : TimeSpan.MaxValue;
    }

    private void EndProvisional(Now now, int index)
    {
        var tunnel = _provisional[index].Tunnel;
        _provisional.RemoveAt(index);
        context.Signals?.Forget(now, tunnel);
        context.Tunnels.Remove(tunnel);
    }

    public void HandleTimeout(Now now)
    {
        while (_provisional.Count > 0 && _provisional[0].Until <= now.Boot)
        {
            context.Counters.Count("relay-provisional-ended");
            EndProvisional(now, 0);
        }

        if (_guestSweepAt <= now.Boot)
        {
            SweepGuests(now);
        }

        if (_keepAt <= now.Boot)
        {
            (_keepAt, _keptAt) = (TimeSpan.MaxValue, now.Boot);
            foreach (var node in _byKey.Values.Where(n => n.IsUnkept))
            {
                node.IsUnkept = false;
                context.Keep(
                    RelayMemory.Addresses, node.Key.ToString(),
                    RelayMemory.Write(new StoredAddress(node.Path.Uplink, node.Path.Remote.ToString())));
            }
        }
    }

    /// <summary>The tunnel is gone; the node stays known.</summary>
    public void Forget(Tunnel.Tunnel tunnel) => _provisional.RemoveAll(p => p.Tunnel == tunnel);

    private void Hear(Now now, Tunnel.Tunnel tunnel, RelayNode node, WirePath path)
    {
        tunnel.SendPath = path with { Channel = 0 };
        var due = _keptAt + (node.Path.IsNone ? Limits.FirstAddressWriteSpacing : Limits.AddressWriteSpacing);
        var former = node.Path;
        if (node.Hear(now.Boot, path))
        {
            if (!former.IsNone && now.Boot >= node.TellMovedFrom)
            {
                // Its NAT has made another mapping: the node cannot see that.
                node.TellMovedFrom = now.Boot + MovedSpacing;
                context.Signals?.Notify(now, tunnel, new Signal { PathCheckReply = new() { Seen = path.Remote.ToWire() } });
            }

            _keepAt = due < _keepAt ? due : _keepAt;
            onBound(now, node);
        }
    }

    private bool TryAdmit(PublicKey key, SignedBinding? signed, [NotNullWhen(true)] out VouchedBinding? binding, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = null;
        var membership = context.Membership!;
        if (!BindingCheck.TryVouch(signed, membership.OwnerKey, membership.Zone, out binding, out var problem))
        {
            refusal = Refuse("relay-binding-invalid", RefusalReason.RefusalBindingInvalid, $"The binding is not good: {problem}.");
        }
        else if (binding.Key != key || binding.Role != Role.Node)
        {
            refusal = Refuse("relay-binding-of-another", RefusalReason.RefusalBindingInvalid, "The binding is of another key or not a node's.");
        }
        else if (context.Removals.Cover(binding, out var removal))
        {
            refusal = Refuse("relay-node-removed", RefusalReason.RefusalRemoved, $"The owner took '{removal.Name}' out of the zone {removal.Zone}.");
            refusal.Removal = removal.Signed;
        }
        else if (_names.TryGetValue(binding.Name, out var pinned) && pinned != key)
        {
            refusal = Refuse("relay-name-taken", RefusalReason.RefusalNameTaken, $"The name {binding.Name} belongs to another key.");
        }
        else if (_usedInvites.TryGetValue(binding.OneTimeKey, out var user) && user != key)
        {
            refusal = Refuse("relay-invite-used", RefusalReason.RefusalInviteUsed, "The invite was used by another key. Ask the owner for a new one.");
        }
        else if (_vips.TryGetValue(membership.Addressing.Node(key), out var same) && same != key)
        {
            refusal = Refuse("relay-vip-taken", RefusalReason.RefusalNameTaken, "Another key has the same virtual address. Make a new key.");
        }
        else if (_names.Count >= NodesMost && !_names.ContainsKey(binding.Name))
        {
            refusal = Refuse("relay-nodes-full", RefusalReason.RefusalBusy, $"This relay knows {NodesMost} nodes already.");
        }

        return refusal is null;
    }

    private void Add(RelayNode node, VouchedBinding binding)
    {
        _byKey[node.Key] = node;
        _names[binding.Name] = node.Key;
        _usedInvites[binding.OneTimeKey] = node.Key;
        _vips[context.Membership!.Addressing.Node(node.Key)] = node.Key;
    }

    private Refusal Refuse(string counter, RefusalReason reason, string text)
    {
        context.Counters.Count(counter);
        return new Refusal { Reason = reason, Text = text };
    }
}
