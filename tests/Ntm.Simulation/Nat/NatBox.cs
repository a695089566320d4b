using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>A NAT between an inside and an outside segment, for UDP over IPv4 (RFC 4787). Boxes may be nested.</summary>
public sealed class NatBox : IStation
{
    private readonly World _world;
    private readonly SeededEntropy _entropy;
    private readonly NatBehaviour _behaviour;
    private readonly Segment _inside, _outside;
    private readonly Dictionary<(RealAddress Inside, RealAddress MappedFor), Mapping> _byInside = [];
    private readonly Dictionary<ushort, Mapping> _byPort = [];

    /// <param name="world">The world.</param>
    /// <param name="name">For the flow.</param>
    /// <param name="behaviour">How it maps and filters.</param>
    /// <param name="inside">The segment it is the gateway of.</param>
    /// <param name="outside">The segment it stands on with its outside address.</param>
    /// <param name="address">The outside address; the port does not matter.</param>
    public NatBox(World world, string name, NatBehaviour behaviour, Segment inside, Segment outside, RealAddress address)
    {
        (_world, Name, _behaviour, _inside, _outside) = (world, name, behaviour, inside, outside);
        Address = address.WithPort(0);
        _entropy = world.Entropy.Fork("nat " + name);
        inside.Attach(this);
        inside.Gateway = this;
        outside.Attach(this, Address);
    }

    public string Name { get; }

    /// <summary>The outside address, port 0.</summary>
    public RealAddress Address { get; private set; }

    /// <summary>Whether inside hosts may reach one another by outside addresses (RFC 4787 REQ-9: external source address and port).</summary>
    public bool Hairpin { get; set; }

    /// <summary>How long a mapping and a filter live after the last outbound datagram (RFC 4787 REQ-5: not below two minutes).</summary>
    public TimeSpan MappingLifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether inbound datagrams keep a mapping alive too (RFC 4787 REQ-6: may).</summary>
    public bool InboundRefreshes { get; set; }

    /// <summary>Its PCP server; null: it has none.</summary>
    public PcpServer? Pcp { get; private set; }

    /// <summary>Gives it a PCP server, at an address inside.</summary>
    public PcpServer AddPcp(RealAddress inside)
    {
        _inside.Attach(this, inside.WithPort(0));
        return Pcp = new PcpServer(_world, inside, () => Address);
    }

    /// <summary>The outside ports it may use, where it shares its address with others (RFC 7597); null: all.</summary>
    public IReadOnlyList<ushort>? Ports { get; set; }

    /// <summary>Mappings alive now.</summary>
    public int Mappings => _byPort.Values.Count(IsAlive);

    /// <summary>The most that were alive at once.</summary>
    public int MostMappings { get; private set; }

    /// <summary>Forgets all mappings, as a box does that loses power.</summary>
    public void Reboot()
    {
        _byInside.Clear();
        _byPort.Clear();
        Pcp?.Reboot();
    }

    /// <summary>Takes another outside address, as a provider may give one at any time; all mappings are gone.</summary>
    public void Readdress(RealAddress address)
    {
        Reboot();
        _outside.Detach(Address);
        Address = address.WithPort(0);
        _outside.Attach(this, Address);
    }

    public void Receive(SimDatagram datagram, Segment segment)
    {
        if (Pcp?.Take(datagram, segment == _inside) is { } taken)
        {
            (taken.ToInside ? _inside : _outside).Send(this, taken.Datagram);
        }
        else if (segment == _outside)
        {
            Inbound(datagram);
        }
        else if (!datagram.Destination.IsIPv4)
        {
            _world.Flow.Lost(datagram, $"{Name} translates IPv4 only");
        }
        else if (datagram.Destination.SameHost(Address) && !Hairpin)
        {
            _world.Flow.Lost(datagram, $"{Name} does not hairpin");
        }
        else if (Outbound(datagram) is not { } sent)
        {
            _world.Flow.Lost(datagram, $"{Name} has no port left");
        }
        else if (sent.Destination.SameHost(Address))
        {
            Inbound(sent);
        }
        else
        {
            _outside.Send(this, sent);
        }
    }

    /// <returns>Null where no port is free.</returns>
    private SimDatagram? Outbound(SimDatagram datagram)
    {
        var key = (datagram.Source, _behaviour.MappedFor(datagram.Destination));
        if (!_byInside.TryGetValue(key, out var mapping) || !IsAlive(mapping))
        {
            if (mapping is not null)
            {
                Forget(mapping);
            }

            if (FreePort(datagram.Source.Port) is not { } port)
            {
                return null;
            }

            mapping = new Mapping(key, port);
            _byInside[key] = mapping;
            _byPort[mapping.Port] = mapping;
            mapping.LastUsed = _world.Clock.Elapsed;
            MostMappings = Math.Max(MostMappings, Mappings);
        }

        mapping.LastUsed = _world.Clock.Elapsed;
        mapping.Filters[_behaviour.FilteredBy(datagram.Destination)] = _world.Clock.Elapsed;
        return datagram with { Source = Address.WithPort(mapping.Port) };
    }

    private void Inbound(SimDatagram datagram)
    {
        if (!_byPort.TryGetValue(datagram.Destination.Port, out var mapping) || !IsAlive(mapping))
        {
            _world.Flow.Lost(datagram, $"{Name} has no mapping");
            return;
        }

        var remote = _behaviour.FilteredBy(datagram.Source);
        if (!mapping.Filters.TryGetValue(remote, out var sent) || _world.Clock.Elapsed - sent >= MappingLifetime)
        {
            _world.Flow.Lost(datagram, $"{Name} filters");
            return;
        }

        if (InboundRefreshes)
        {
            mapping.LastUsed = mapping.Filters[remote] = _world.Clock.Elapsed;
        }

        _inside.Send(this, datagram with { Destination = mapping.Key.Inside });
    }

    private bool IsAlive(Mapping mapping) => _world.Clock.Elapsed - mapping.LastUsed < MappingLifetime;

    private void Forget(Mapping mapping)
    {
        _byInside.Remove(mapping.Key);
        _byPort.Remove(mapping.Port);
    }

    private ushort? FreePort(ushort wanted)
    {
        if (_behaviour.NextPort(new(wanted, _world.Clock.Elapsed, _entropy, p => _byPort.TryGetValue(p, out var there) && IsAlive(there))) is { } own)
        {
            if (_byPort.TryGetValue(own, out var before))
            {
                Forget(before);
            }

            return own;
        }

        var port = _behaviour.PreservesPort && Ports?.Contains(wanted) != false ? wanted : Drawn();
        for (var tries = 0; _byPort.TryGetValue(port, out var taken); tries++)
        {
            if (!IsAlive(taken))
            {
                Forget(taken);
                break;
            }

            if (tries > 4 * PortCount && Mappings >= PortCount)
            {
                return null;
            }

            port = Drawn();
        }

        return port;

        ushort Drawn() => Ports is { } own ? own[_entropy.Below(own.Count)] : (ushort)(1024 + _entropy.Below(PortCount));
    }

    private int PortCount => Ports?.Count ?? 65536 - 1024;

    private sealed record Mapping((RealAddress Inside, RealAddress MappedFor) Key, ushort Port)
    {
        public TimeSpan LastUsed { get; set; }

        /// <summary>What was sent to, and when last.</summary>
        public Dictionary<RealAddress, TimeSpan> Filters { get; } = [];
    }
}
