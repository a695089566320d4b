using Ntm.Protocol;

namespace Ntm.Node.Nat;

/// <summary>What is known of the NAT of one uplink in one IP family, and what is under way to know more.</summary>
internal sealed class NatUplink(int number, bool ipv4)
{
    public int Number { get; } = number;

    public bool IsIPv4 { get; } = ipv4;

    /// <summary>The number of its observing socket.</summary>
    public int Socket { get; } = UplinkSocket.Of(number, UplinkSocket.Observing);

    public NatJudgement Judgement { get; set; } = NatJudgement.Unknown;

    /// <summary>By what it was judged; null: not in this run.</summary>
    public NatObservation? Seen { get; set; }

    public LifetimeSearch Lifetime { get; set; }

    /// <summary>Networks that it was seen in from outside (<see cref="NatMemory.NetworkOf"/>).</summary>
    public List<RealAddress> Networks { get; } = [];

    /// <summary>What is under way; null: nothing.</summary>
    public INatWork? Work { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>When to look again.</summary>
    public TimeSpan RoundAt { get; set; } = TimeSpan.MaxValue;

    /// <summary>When to try the next silence.</summary>
    public TimeSpan ProbeAt { get; set; } = TimeSpan.MaxValue;

    /// <summary>The silence after which nothing came last time, s; 0: none.</summary>
    public int Missed { get; set; }

    public TimeSpan KeepAlive => KeepAliveInterval.For(Lifetime);

    public TimeSpan NextDeadline => Work?.NextDeadline ?? (RoundAt < ProbeAt ? RoundAt : ProbeAt);
}
