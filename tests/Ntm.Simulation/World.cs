using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>
/// A simulated Internet: one queue of things to happen, in simulated time. Single-threaded, no sockets, no sleeps; the same seed and the same
/// calls give the same transcript.
/// </summary>
public sealed class World
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _happenings = new();
    private long _order;

    public World(ulong seed)
    {
        Seed = seed;
        Entropy = new SeededEntropy(seed);
        Flow = new Flow(this);
        Backbone = new Segment(this, "backbone");
    }

    public ulong Seed { get; }

    public SimClock Clock { get; } = new();

    /// <summary>Where everything in this world forks its randomness from.</summary>
    public SeededEntropy Entropy { get; }

    public Flow Flow { get; }

    /// <summary>The segment of real addresses.</summary>
    public Segment Backbone { get; }

    /// <summary>Puts something into the queue; equal times happen in the order of these calls.</summary>
    public void At(TimeSpan elapsed, Action action) =>
        _happenings.Enqueue(action, (elapsed < Clock.Elapsed ? Clock.Elapsed : elapsed, _order++));

    public void After(TimeSpan delay, Action action) => At(Clock.Elapsed + delay, action);

    /// <summary>Lets simulated time pass.</summary>
    public void RunFor(TimeSpan time)
    {
        var end = Clock.Elapsed + time;
        while (Step(end))
        {
        }

        Clock.AdvanceTo(end);
    }

    /// <summary>Lets time pass until something is so, for at most this long.</summary>
    /// <returns>Whether it came to be so.</returns>
    public bool RunUntil(Func<bool> isSo, TimeSpan atMost)
    {
        var end = Clock.Elapsed + atMost;
        while (!isSo())
        {
            if (!Step(end))
            {
                Clock.AdvanceTo(end);
                return isSo();
            }
        }

        return true;
    }

    private bool Step(TimeSpan end)
    {
        if (!_happenings.TryPeek(out var action, out var when) || when.At > end)
        {
            return false;
        }

        _happenings.Dequeue();
        Clock.AdvanceTo(when.At);
        action();
        return true;
    }

    /// <summary>An IPv4 address of a documentation range (RFC 5737).</summary>
    /// <param name="range">0: 192.0.2.0/24, 1: 198.51.100.0/24, 2: 203.0.113.0/24.</param>
    /// <param name="host">1-254.</param>
    public static RealAddress Documentation(int range, byte host, ushort port = 0) => RealAddress.FromIPv4(
        range switch
        {
            0 => 0xC000_0200u,
            1 => 0xC633_6400u,
            2 => 0xCB00_7100u,
            _ => throw new ArgumentOutOfRangeException(nameof(range)),
        } | host,
        port);

    /// <summary>An IPv6 address of the documentation range 2001:db8::/32 (RFC 3849).</summary>
    public static RealAddress Documentation6(uint network, ulong host, ushort port = 0) => new(0x2001_0DB8_0000_0000UL | network, host, port);
}
