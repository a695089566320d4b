using Ntm.Box.World;

namespace Ntm.Box.Grid;

/// <summary>Which way a pair's stream went, by what was captured on the internet: its datagrams are told from everything else by their length.</summary>
/// <param name="FirstDirect">The first that went from home to home; null: none was seen.</param>
/// <param name="LastRelayed">The last that passed the relay; null: none did.</param>
internal readonly record struct StreamSeen(DateTimeOffset? FirstDirect, DateTimeOffset? LastRelayed)
{
    /// <summary>Bytes of a ping's data: what it is sealed to is longer than checks and other signalling, and shorter than run and MTU checks.</summary>
    public const int PingBytes = 400;

    // The sealed packet with IPv6's header, ping's, the tunnel's and those outside, of either family; with some room for padding.
    private const int Least = PingBytes + 8 + 40 + 32 + 28;
    private const int Most = Least + 64;

    /// <param name="packets">What was captured, oldest first.</param>
    /// <param name="one">One home's outside addresses.</param>
    /// <param name="other">The other's.</param>
    /// <param name="relay">The relay's.</param>
    /// <param name="from">When the stream began.</param>
    /// <param name="to">When it ended.</param>
    public static StreamSeen In(
        IEnumerable<SeenPacket> packets, IReadOnlyCollection<string> one, IReadOnlyCollection<string> other, IReadOnlyCollection<string> relay, DateTimeOffset from, DateTimeOffset to)
    {
        DateTimeOffset? direct = null, relayed = null;
        foreach (var packet in packets)
        {
            if (packet.At < from || packet.At > to || packet.TunnelType != 4 || packet.Length is < Least or > Most)
            {
                continue;
            }

            var (source, destination) = (packet.Source.ToString(), packet.Destination.ToString());
            if ((one.Contains(source) && other.Contains(destination)) || (other.Contains(source) && one.Contains(destination)))
            {
                direct ??= packet.At;
            }
            else if (packet.Channel != 0 && ((relay.Contains(source) && (one.Contains(destination) || other.Contains(destination)))
                || (relay.Contains(destination) && (one.Contains(source) || other.Contains(source)))))
            {
                relayed = packet.At;
            }
        }

        return new(direct, relayed);
    }
}
