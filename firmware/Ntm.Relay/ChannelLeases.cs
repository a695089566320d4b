using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>
/// Which channels coordinators may pair: blocks of 256, unique on this relay (ADR 0004), for 48 h. Block n holds channels 256 n to 256 n + 255; block 0 is never
/// leased, so channel 0 is nobody's.
/// </summary>
internal sealed class ChannelLeases(RelayContext context)
{
    /// <summary>Blocks one coordinator may hold: 262,144 channels, far above what one relay carries; a bound on what a broken coordinator takes.</summary>
    public const int BlocksPerCoordinator = 1024;

    private const int Blocks = ((int)Limits.ChannelLast + 1) / Limits.ChannelsPerLease;

    private readonly SortedDictionary<int, Lease> _leases = [];

    public int Channels => _leases.Values.Sum(l => (int)l.Count);

    /// <summary>When the earliest ends; max: none.</summary>
    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Leases a block.</summary>
    /// <param name="now">The time.</param>
    /// <param name="coordinator">To whom.</param>
    /// <param name="wanted">How many channels; at most 256 are given.</param>
    /// <param name="lease">What was given.</param>
    /// <returns>False where none was wanted, all are taken, or the coordinator has its share.</returns>
    public bool TryLease(Now now, PublicKey coordinator, uint wanted, out Lease lease)
    {
        lease = default;
        if (wanted == 0 || _leases.Values.Count(l => l.Coordinator == coordinator) >= BlocksPerCoordinator)
        {
            return false;
        }

        var block = 1;
        foreach (var taken in _leases.Keys)
        {
            if (taken != block)
            {
                break;
            }

            block++;
        }

        if (block >= Blocks)
        {
            return false;
        }

        lease = new Lease(
            coordinator, (uint)(block * Limits.ChannelsPerLease), Math.Min(wanted, Limits.ChannelsPerLease), now.Boot + Limits.ChannelLease);
        Add(lease);
        context.Keep(
            RelayMemory.Leases, RelayMemory.KeyOf(lease.First),
            RelayMemory.Write(new StoredLease(lease.First, lease.Count, coordinator.ToString(), RelayMemory.ToWall(now, lease.Expires))));
        return true;
    }

    /// <summary>Takes a lease that was kept; false where it makes no sense or has ended.</summary>
    public bool TryRestore(Now now, StoredLease stored)
    {
        var expires = RelayMemory.ToBoot(now, stored.Expires, Limits.ChannelLease);
        if (stored.First == 0 || stored.First > Limits.ChannelLast || stored.First % Limits.ChannelsPerLease != 0
            || stored.Count is 0 or > Limits.ChannelsPerLease || !PublicKey.TryParse(stored.Coordinator, out var coordinator)
            || expires <= now.Boot || _leases.ContainsKey(BlockOf(stored.First)))
        {
            return false;
        }

        Add(new Lease(coordinator, stored.First, stored.Count, expires));
        return true;
    }

    /// <summary>The lease that a channel belongs to.</summary>
    public bool TryFind(uint channel, out Lease lease) =>
        _leases.TryGetValue(BlockOf(channel), out lease) && channel - lease.First < lease.Count;

    /// <summary>Ends leases that are due.</summary>
    /// <param name="now">The time.</param>
    /// <param name="ended">Told of each.</param>
    public void HandleTimeout(Now now, Action<Lease> ended)
    {
        if (NextDeadline > now.Boot)
        {
            return;
        }

        foreach (var lease in _leases.Values.Where(l => l.Expires <= now.Boot).ToArray())
        {
            _leases.Remove(BlockOf(lease.First));
            context.Keep(RelayMemory.Leases, RelayMemory.KeyOf(lease.First), null);
            ended(lease);
        }

        NextDeadline = _leases.Count == 0 ? TimeSpan.MaxValue : _leases.Values.Min(l => l.Expires);
    }

    private void Add(Lease lease)
    {
        _leases.Add(BlockOf(lease.First), lease);
        NextDeadline = lease.Expires < NextDeadline ? lease.Expires : NextDeadline;
    }

    private static int BlockOf(uint channel) => (int)(channel / Limits.ChannelsPerLease);
}

/// <summary>Channels <paramref name="First"/> to First + Count - 1 are this coordinator's to pair until boot time <paramref name="Expires"/>.</summary>
internal readonly record struct Lease(PublicKey Coordinator, uint First, uint Count, TimeSpan Expires);
