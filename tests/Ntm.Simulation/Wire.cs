namespace Ntm.Simulation;

/// <summary>How a wire treats what it carries in one direction.</summary>
public sealed record WireConditions
{
    public static WireConditions Perfect { get; } = new();

    public TimeSpan Latency { get; init; }

    /// <summary>Further delay, uniform from zero to this; keeps the order, as one queue does.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Probability that a datagram is lost.</summary>
    public double Loss { get; init; }

    /// <summary>Probability that a datagram is overtaken: it is held back by <see cref="ReorderBy"/>, later ones are not.</summary>
    public double Reorder { get; init; }

    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Probability that a datagram arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Bytes with headers; what is larger is lost (don't-fragment).</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Bytes a second; 0: no limit. What would wait longer than <see cref="QueueMost"/> is lost.</summary>
    public long Rate { get; init; }

    public TimeSpan QueueMost { get; init; } = TimeSpan.FromMilliseconds(200);
}

/// <summary>A station's wire to its segment, with conditions for each direction and whoever sits on it.</summary>
public sealed class Wire
{
    private readonly World _world;
    private readonly SeededEntropy _entropy;
    private TimeSpan _lastOut, _lastIn, _busyOut, _busyIn;

    internal Wire(World world, string name)
    {
        (_world, Name) = (world, name);
        _entropy = world.Entropy.Fork("wire " + name);
    }

    public string Name { get; }

    /// <summary>From the station to the segment.</summary>
    public WireConditions Outbound { get; set; } = WireConditions.Perfect;

    /// <summary>From the segment to the station.</summary>
    public WireConditions Inbound { get; set; } = WireConditions.Perfect;

    /// <summary>Sets both directions.</summary>
    public WireConditions Conditions
    {
        set => Outbound = Inbound = value;
    }

    /// <summary>A wire that is cut loses everything; what is under way arrives.</summary>
    public bool IsCut { get; set; }

    /// <summary>Who sees, and may change, what passes; in this order.</summary>
    public List<Middleman> Middlemen { get; } = [];

    internal void Carry(SimDatagram datagram, bool outbound, Action<SimDatagram> arrive) => PassMiddlemen(datagram, outbound, 0, arrive);

    private void PassMiddlemen(SimDatagram datagram, bool outbound, int next, Action<SimDatagram> arrive)
    {
        if (next < Middlemen.Count)
        {
            Middlemen[next].Pass(datagram, outbound, (delay, onward) =>
            {
                if (delay <= TimeSpan.Zero)
                {
                    PassMiddlemen(onward, outbound, next + 1, arrive);
                }
                else
                {
                    _world.After(delay, () => PassMiddlemen(onward, outbound, next + 1, arrive));
                }
            });
            return;
        }

        var conditions = outbound ? Outbound : Inbound;
        if (IsCut)
        {
            _world.Flow.Lost(datagram, $"{Name} is cut");
            return;
        }

        if (datagram.SizeOnWire > conditions.Mtu)
        {
            _world.Flow.Lost(datagram, $"{datagram.SizeOnWire} bytes do not pass {Name} (MTU {conditions.Mtu})");
            return;
        }

        if (_entropy.Chance(conditions.Loss))
        {
            _world.Flow.Lost(datagram, $"lost on {Name}");
            return;
        }

        Arrive(datagram, outbound, conditions, arrive);
        if (_entropy.Chance(conditions.Duplicate))
        {
            Arrive(datagram, outbound, conditions, arrive);
        }
    }

    private void Arrive(SimDatagram datagram, bool outbound, WireConditions conditions, Action<SimDatagram> arrive)
    {
        var now = _world.Clock.Elapsed;
        var leaves = now;
        if (conditions.Rate > 0)
        {
            ref var busy = ref outbound ? ref _busyOut : ref _busyIn;
            leaves = (busy > now ? busy : now) + TimeSpan.FromSeconds((double)datagram.SizeOnWire / conditions.Rate);
            if (leaves - now > conditions.QueueMost)
            {
                _world.Flow.Lost(datagram, $"the queue of {Name} is full");
                return;
            }

            busy = leaves;
        }

        var at = leaves + conditions.Latency + _entropy.UpTo(conditions.Jitter);
        ref var last = ref outbound ? ref _lastOut : ref _lastIn;
        if (_entropy.Chance(conditions.Reorder))
        {
            at += conditions.ReorderBy;
        }
        else
        {
            last = at = at > last ? at : last;
        }

        _world.At(at, () => arrive(datagram));
    }
}
