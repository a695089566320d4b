using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>The bytes that all rings of a table have together: <see cref="Limits.RingBytesInAll"/>. Who has much gives half of it to who has little.</summary>
internal sealed class RingRoom
{
    private readonly List<Ring> _rings = [];

    /// <summary>Bytes of all rings.</summary>
    public int Bytes { get; private set; }

    /// <summary>May <paramref name="ring"/> have <paramref name="more"/> bytes more? If so they are counted as its own.</summary>
    public bool TryTake(Ring ring, int more)
    {
        while (Bytes + more > Limits.RingBytesInAll)
        {
            var most = _rings.MaxBy(static other => other.IsHeld ? 0 : other.Capacity);
            if (most is null || most.IsHeld || most == ring || most.Capacity < 2 * (ring.Capacity + more) || !most.TryHalve())
            {
                return false;
            }
        }

        Bytes += more;
        if (!_rings.Contains(ring))
        {
            _rings.Add(ring);
        }

        return true;
    }

    /// <summary><paramref name="bytes"/> of the ring's are free again.</summary>
    public void GiveBack(Ring ring, int bytes)
    {
        Bytes -= bytes;
        if (ring.Capacity == 0)
        {
            _rings.Remove(ring);
        }
    }
}
