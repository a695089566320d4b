using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// Packets that wait for their tunnel to stand: at most <see cref="Limits.StagedPacketsPerPeer"/> a peer and <see cref="Limits.StagedBytesInAll"/> in all.
/// The oldest give way: of the same peer first, then of all.
/// </summary>
internal sealed class Staging
{
    /// <summary>What a packet weighs besides its bytes, so that many tiny ones cannot take much more memory than the limit says.</summary>
    public const int Overhead = 128;

    // All staged packets, oldest first. A tunnel's own queue holds the nodes of its packets in the same order.
    private readonly LinkedList<StagedPacket> _all = new();

    public int Bytes { get; private set; }

    /// <summary>How many packets gave way.</summary>
    public long GaveWay { get; private set; }

    /// <param name="isData">No signalling: kept in the ring when it goes.</param>
    public void Add(Tunnel tunnel, ReadOnlySpan<byte> packet, bool isData = true)
    {
        if (tunnel.StagedPackets.Count >= Limits.StagedPacketsPerPeer)
        {
            TryTake(tunnel, out _);
            GaveWay++;
        }

        while (_all.First is { } oldest && Bytes + packet.Length + Overhead > Limits.StagedBytesInAll)
        {
            // The oldest of all is the oldest of its tunnel.
            TryTake(oldest.Value.Tunnel, out _);
            GaveWay++;
        }

        tunnel.StagedPackets.Enqueue(_all.AddLast(new StagedPacket(tunnel, packet.ToArray(), isData)));
        Bytes += packet.Length + Overhead;
    }

    /// <summary>Takes the tunnel's oldest.</summary>
    public bool TryTake(Tunnel tunnel, out StagedPacket packet)
    {
        if (!tunnel.StagedPackets.TryDequeue(out var node))
        {
            packet = default;
            return false;
        }

        _all.Remove(node);
        packet = node.Value;
        Bytes -= packet.Bytes.Length + Overhead;
        return true;
    }

    /// <summary>Drops all of the tunnel's.</summary>
    /// <returns>How many.</returns>
    public int Drop(Tunnel tunnel)
    {
        var dropped = 0;
        while (TryTake(tunnel, out _))
        {
            dropped++;
        }

        return dropped;
    }
}

/// <summary>A copy of a packet, whose it is, and whether it is data or signalling.</summary>
internal readonly record struct StagedPacket(Tunnel Tunnel, byte[] Bytes, bool IsData);
