using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Mapping;

/// <summary>
/// The open ports of all uplinks (<see cref="UplinkMapping"/>, one for each IP family): whom to ask, which of them are told to others, what is kept. Asks only
/// while the node is a member, and only where a port could be closed: behind a NAT of IPv4, or a firewall of IPv6 that speaks PCP.
/// </summary>
internal sealed class UplinkMappings(NodeContext context, Registration registration)
{
    public const string Collection = "uplink-mapping";

    private readonly SortedDictionary<(int Uplink, bool IPv4), UplinkMapping> _mappings = [];
    private readonly Dictionary<string, MappingMemory> _memory = new(StringComparer.Ordinal);
    private readonly Dictionary<UplinkMapping, string?> _said = [];
    private IReadOnlyList<Candidate> _told = [];
    private bool _stopping, _ended;

    /// <summary>Told when what others are told has changed.</summary>
    public Action<Now>? OnTold { get; set; }

    /// <summary>Told when a box has opened a port, or says another address.</summary>
    public Action<Now, int>? OnBoxHeard { get; set; }

    /// <summary>The outside address of an uplink's box of IPv4, by its own word; none: it has said nothing.</summary>
    public RealAddress OutsideOf(int uplink) => _mappings.GetValueOrDefault((uplink, true))?.Port?.External ?? default;

    public TimeSpan NextDeadline
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var (_, mapping) in _mappings)
            {
                next = mapping.NextDeadline < next ? mapping.NextDeadline : next;
            }

            return next;
        }
    }

    /// <summary>From the store, before anything else. Damaged entries are counted and passed over.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: Collection, Value: not null }))
        {
            if (MappingMemory.TryRead(entry.Value!, out var read))
            {
                _memory[entry.Key] = read;
            }
            else
            {
                context.Counters.Count("mapping-entry-unreadable");
            }
        }
    }

    /// <summary>Uplinks or the membership changed.</summary>
    public void Aim(Now now)
    {
        if (_stopping)
        {
            return;
        }

        foreach (var uplink in context.Uplinks.Values)
        {
            foreach (var ipv4 in (ReadOnlySpan<bool>)[true, false])
            {
                var own = uplink.Addresses.FirstOrDefault(a => a.IsIPv4 == ipv4);
                var gateway = uplink.Gateways.FirstOrDefault(a => a.IsIPv4 == ipv4).WithPort(0);
                Find(uplink, ipv4).Aim(now, own, gateway, WhyNot(uplink, ipv4, own, gateway));
            }
        }

        Review(now);
    }

    /// <summary>The node is a member no longer.</summary>
    public void Leave(Now now)
    {
        foreach (var (_, mapping) in _mappings)
        {
            mapping.Release(now, "this gateway is in no zone");
        }

        _told = [];
    }

    /// <summary>Closes all ports, for the program is about to end; <see cref="NodeEvent.MappingsReleased"/> says when that is done.</summary>
    public void Stop(Now now)
    {
        Leave(now);
        _stopping = true;
        EndIfClosed();
    }

    public void Heard(Now now, int uplink, RealAddress from, ReadOnlySpan<byte> bytes)
    {
        if (_mappings.TryGetValue((uplink, from.IsIPv4), out var mapping))
        {
            mapping.Heard(now, from, bytes);
            EndIfClosed();
        }
    }

    public void Exchanged(Now now, int uplink, int ticket, int status, ReadOnlySpan<byte> body)
    {
        if (_mappings.TryGetValue((uplink, true), out var mapping))
        {
            mapping.Exchanged(now, ticket, status, body);
            EndIfClosed();
        }
    }

    public void HandleTimeout(Now now)
    {
        foreach (var (_, mapping) in _mappings)
        {
            mapping.HandleTimeout(now);
        }

        EndIfClosed();
    }

    /// <summary>A coordinator or relay sees an uplink by another address than before: perhaps the box was away.</summary>
    public void Observed(Now now)
    {
        foreach (var (_, mapping) in _mappings)
        {
            if (mapping.Port is { } port && Seen(mapping) is { Count: > 0 } seen && !seen.Any(s => s.SameHost(port.External)))
            {
                mapping.Doubt(now);
            }
        }

        Review(now);
    }

    /// <summary>The candidates that open ports make.</summary>
    public IEnumerable<Candidate> Candidates() =>
        from mapping in _mappings.Values
        where mapping.Port is not null && Worth(mapping).IsTold
        select new Candidate { Kind = CandidateKind.CandidatePortMapped, Endpoint = mapping.Port!.External.ToWire(), Uplink = (uint)mapping.Uplink };

    /// <summary>One uplink's, for people.</summary>
    public IReadOnlyList<PortStatus> Describe(int uplink) => [.. _mappings.Values.Where(m => m.Uplink == uplink && IsWorthTelling(m)).Select(Describe)];

    private static bool IsWorthTelling(UplinkMapping mapping) => mapping.IsIPv4 || !mapping.Own.IsNone;

    private PortStatus Describe(UplinkMapping mapping)
    {
        if (mapping.Port is not { } port)
        {
            return new(mapping.IsIPv4, null, default, null, $"no port is open: {mapping.Reason}");
        }

        var worth = Worth(mapping);
        var sentence = $"port {mapping.Own.Port} is open at {port.External} by {port.Protocol.Name()}{(worth.Reason is { } but ? $"; {but}" : "")}";
        return new(mapping.IsIPv4, port.Protocol.Name(), port.External, port.Until, sentence);
    }

    private UplinkMapping Find(UplinkState uplink, bool ipv4)
    {
        if (_mappings.TryGetValue((uplink.Number, ipv4), out var known))
        {
            return known;
        }

        var key = $"{uplink.Name} {(ipv4 ? "IPv4" : "IPv6")}";
        var made = new UplinkMapping(uplink.Number, ipv4, context.Events.Enqueue, context.Random, context.Counters)
        {
            IsPossible = external => IsPossible(uplink.Number, external),
            OnChange = OnChange,
            OnMemory = mapping => context.Keep(Collection, key, mapping.Memory.ToBytes()),
        };
        if (_memory.TryGetValue(key, out var memory))
        {
            made.Memory = memory;
        }

        _mappings.Add((uplink.Number, ipv4), made);
        return made;
    }

    private void OnChange(Now now)
    {
        foreach (var (_, mapping) in _mappings)
        {
            var sentence = mapping.Port is null ? null : Describe(mapping).Sentence;
            if (_said.GetValueOrDefault(mapping) is var said && said != sentence)
            {
                _said[mapping] = sentence;
                var name = context.Uplinks.TryGetValue(mapping.Uplink, out var uplink) ? uplink.Name : "";
                context.Note(sentence is null ? $"Uplink {name}: its port is no longer open." : $"Uplink {name}: {sentence}.");
                if (mapping is { IsIPv4: true, Port: not null })
                {
                    OnBoxHeard?.Invoke(now, mapping.Uplink);
                }
            }
        }

        Review(now);
    }

    private void Review(Now now)
    {
        if (context.Membership is null)
        {
            return;
        }

        var told = Candidates().ToArray();
        if (!told.SequenceEqual(_told))
        {
            _told = told;
            OnTold?.Invoke(now);
        }
    }

    private MappingWorth Worth(UplinkMapping mapping) => MappingWorth.Judge(mapping.Port!.External, mapping.Own, Seen(mapping));

    private IReadOnlyCollection<RealAddress> Seen(UplinkMapping mapping) => registration.SeenOn(mapping.Uplink, mapping.IsIPv4);

    // Neither loopback, multicast, the own LAN and their like, nor this machine: an IPv6 firewall alone leaves us our own address.
    private bool IsPossible(int number, RealAddress external) =>
        context.Membership is { } member && Paths.Candidates.IsPossible(external, context.Options, member.Addressing.Prefix)
        && (!external.IsIPv4 || !context.Uplinks.Values.Any(u => u.Addresses.Any(a => a.SameHost(external))))
        && (external.IsIPv4 || !context.Uplinks.Values.Any(u => u.Number != number && u.Addresses.Any(a => a.SameHost(external))));

    private string? WhyNot(UplinkState uplink, bool ipv4, RealAddress own, RealAddress gateway) =>
        context.Membership is null ? "this gateway is in no zone"
            : !uplink.Usable ? "the uplink is not usable"
            : !uplink.MapsPorts ? "the configuration says not to ask (\"portMapping\": false)"
            : own.IsNone ? $"the uplink has no {(ipv4 ? "IPv4" : "IPv6")} address"
            : ipv4 != CandidateAddress.IsPrivate(own) ? (ipv4 ? "the uplink has a public address, no NAT is in front of it" : "the uplink's IPv6 address is private")
            : gateway.IsNone ? "the uplink has no default gateway of its own"
            : IsOurs(gateway) ? "the uplink's default gateway is in the home's own network"
            : null;

    // To whom we would send: never this machine, nor the LAN.
    private bool IsOurs(RealAddress gateway)
    {
        var ip = gateway.ToIPAddress();
        return System.Net.IPAddress.IsLoopback(ip) || ip.IsIPv6Multicast || (gateway.IsIPv4 && (uint)gateway.Low >> 28 >= 0xE)
            || context.Options.OwnNetworks.Any(n => n.Contains(ip)) || context.Uplinks.Values.Any(u => u.Addresses.Any(a => a.SameHost(gateway)));
    }

    private void EndIfClosed()
    {
        if (_stopping && !_ended && !_mappings.Values.Any(m => m.IsClosing))
        {
            _ended = true;
            _mappings.Clear();
            context.Events.Enqueue(new NodeEvent.MappingsReleased());
        }
    }
}
