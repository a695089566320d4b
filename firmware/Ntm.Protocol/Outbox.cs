namespace Ntm.Protocol;

/// <summary>
/// The slow path out of a core: handshakes, signalling, checks, flushed staged packets. The pump drains it after each call.
/// Bounded: a core that is made to answer more than <see cref="Limits.OutboxDatagrams"/> datagrams in one call drops the rest, counted.
/// </summary>
public sealed class Outbox
{
    private readonly Queue<(WirePath Path, byte[] Bytes)> _datagrams = new();
    private readonly Queue<byte[]> _packets = new();

    /// <summary>Datagrams and packets dropped because the outbox was full.</summary>
    public long Dropped { get; private set; }

    public int Count => _datagrams.Count + _packets.Count;

    /// <summary>To the wire. The bytes are copied.</summary>
    public void Send(WirePath path, ReadOnlySpan<byte> datagram)
    {
        if (_datagrams.Count >= Limits.OutboxDatagrams)
        {
            Dropped++;
            return;
        }

        _datagrams.Enqueue((path, datagram.ToArray()));
    }

    /// <summary>To the TUN. The bytes are copied.</summary>
    public void Deliver(ReadOnlySpan<byte> packet)
    {
        if (_packets.Count >= Limits.OutboxDatagrams)
        {
            Dropped++;
            return;
        }

        _packets.Enqueue(packet.ToArray());
    }

    public bool TryTakeDatagram(out WirePath path, out byte[] datagram)
    {
        var any = _datagrams.TryDequeue(out var next);
        (path, datagram) = any ? next : (default, []);
        return any;
    }

    public bool TryTakePacket(out byte[] packet)
    {
        var any = _packets.TryDequeue(out var next);
        packet = any ? next! : [];
        return any;
    }
}
