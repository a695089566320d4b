using Ntm.Protocol;

namespace Ntm.Node.Nat;

/// <summary>How long a tunnel may be silent on an uplink, by what is known of its NAT (docs/protocol.md section 5, "NAT"). Pure.</summary>
public static class KeepAliveInterval
{
    /// <summary>Of the silence that was survived.</summary>
    private const double Share = 0.9;

    public static TimeSpan For(LifetimeSearch known)
    {
        if (known.Lived == 0)
        {
            // Not even the shortest that was tried is survived: half of it.
            return known.Died > 0 && TimeSpan.FromSeconds(known.Died / 2.0) is var half && half < Limits.KeepAliveFirst ? AtLeast(half) : Limits.KeepAliveFirst;
        }

        var interval = AtLeast(TimeSpan.FromSeconds(known.Lived * Share));
        if (interval >= Limits.KeepAliveMost)
        {
            return Limits.KeepAliveMost;
        }

        // The second of two renews the key, and comes before that has ended; between half of its life and where one alone renews it, two would come too late.
        var halfLife = Limits.KeepAliveMost / 2;
        return interval > halfLife && interval < Limits.RekeyAfterTime ? halfLife : interval;
    }

    private static TimeSpan AtLeast(TimeSpan interval) => interval > Limits.KeepAliveLeast ? interval : Limits.KeepAliveLeast;
}
