namespace Ntm.Tunnel;

/// <summary>
/// When each tunnel wants to be looked at, as a binary heap with one entry a tunnel. A tunnel's time is moved forward (earlier) at once, but backward
/// only when it comes up: so packets, which mostly postpone, do not touch the heap. <see cref="Next"/> may therefore be early, never late.
/// </summary>
internal sealed class Deadlines
{
    public static readonly TimeSpan Never = TimeSpan.MaxValue;

    private readonly List<Tunnel> _heap = [];

    public TimeSpan Next => _heap.Count == 0 ? Never : _heap[0].WakeAt;

    /// <summary>Wants the tunnel looked at by <paramref name="when"/> at the latest.</summary>
    public void Advance(Tunnel tunnel, TimeSpan when)
    {
        if (when < tunnel.WakeAt)
        {
            Set(tunnel, when);
        }
    }

    /// <summary>The tunnel with the earliest time, where that has come.</summary>
    public Tunnel? Due(TimeSpan boot) => _heap.Count > 0 && _heap[0].WakeAt <= boot ? _heap[0] : null;

    /// <summary>Sets the tunnel's time, earlier or later; Never takes it out.</summary>
    public void Set(Tunnel tunnel, TimeSpan when)
    {
        if (when == Never)
        {
            Remove(tunnel);
            return;
        }

        tunnel.WakeAt = when;
        if (tunnel.HeapPosition < 0)
        {
            tunnel.HeapPosition = _heap.Count;
            _heap.Add(tunnel);
        }

        Down(Up(tunnel.HeapPosition));
    }

    public void Remove(Tunnel tunnel)
    {
        var position = tunnel.HeapPosition;
        tunnel.WakeAt = Never;
        if (position < 0)
        {
            return;
        }

        tunnel.HeapPosition = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (last != tunnel)
        {
            Place(last, position);
            Down(Up(position));
        }
    }

    private int Up(int position)
    {
        var tunnel = _heap[position];
        while (position > 0)
        {
            var parent = (position - 1) / 2;
            if (_heap[parent].WakeAt <= tunnel.WakeAt)
            {
                break;
            }

            Place(_heap[parent], position);
            position = parent;
        }

        Place(tunnel, position);
        return position;
    }

    private void Down(int position)
    {
        var tunnel = _heap[position];
        while (true)
        {
            var child = (2 * position) + 1;
            if (child >= _heap.Count)
            {
                break;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].WakeAt < _heap[child].WakeAt)
            {
                child++;
            }

            if (tunnel.WakeAt <= _heap[child].WakeAt)
            {
                break;
            }

            Place(_heap[child], position);
            position = child;
        }

        Place(tunnel, position);
    }

    private void Place(Tunnel tunnel, int position)
    {
        _heap[position] = tunnel;
        tunnel.HeapPosition = position;
    }
}
