using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>
/// Packets from LAN addresses whose MAC address is not known yet, held until the neighbour table was looked at. Bounded, in number and time.
/// </summary>
internal sealed class HeldPackets(Counters counters)
{
    /// <summary>Counted: one was given up, or came while too many were held.</summary>
    public const string DeviceUnknown = "device-unknown";

    private const int Most = 64;

    private static readonly TimeSpan HeldFor = TimeSpan.FromSeconds(1);

    private readonly Queue<(byte[] Bytes, TimeSpan Until)> _held = new();

    // Its own: what sends a packet may need another buffer for a copy.
    private readonly Packet _packet = new();

    public TimeSpan NextDeadline => _held.TryPeek(out var oldest) ? oldest.Until : TimeSpan.MaxValue;

    /// <summary>Takes a copy.</summary>
    /// <returns>False, counted, where there is no room.</returns>
    public bool TryHold(TimeSpan now, ReadOnlySpan<byte> packet)
    {
        if (_held.Count >= Most)
        {
            counters.Count(DeviceUnknown);
            return false;
        }

        _held.Enqueue((packet.ToArray(), now + HeldFor));
        return true;
    }

    /// <summary>Hands each that is held now in once more. None is held again by that: a silent address costs no second look.</summary>
    /// <param name="again">What is to become of it says its disposition afterwards.</param>
    public void Release(Action<Packet> again)
    {
        for (var left = _held.Count; left > 0; left--)
        {
            _packet.Reset();
            _packet.Fill(_held.Dequeue().Bytes);
            again(_packet);
        }
    }

    public void Clear() => _held.Clear();

    public void HandleTimeout(TimeSpan now)
    {
        while (_held.TryPeek(out var oldest) && oldest.Until <= now)
        {
            _held.Dequeue();
            counters.Count(DeviceUnknown);
        }
    }
}
