using Ntm.Linux;

namespace Ntm.Gateway.Mapping;

/// <summary>How many datagrams of a box reach the pump's thread: a box that answers without end keeps nobody busy. Thread-safe.</summary>
internal sealed class DatagramAllowance
{
    /// <summary>In each <see cref="Period"/>.</summary>
    public const int Most = 64;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private TimeSpan _since;
    private int _taken;

    public bool TryTake() => TryTake(BootClock.Boot);

    public bool TryTake(TimeSpan now)
    {
        lock (_gate)
        {
            if (now - _since >= Period)
            {
                (_since, _taken) = (now, 0);
            }

            return ++_taken <= Most;
        }
    }
}
