using Ntm.Protocol;

namespace Ntm.Linux.Offloads;

/// <summary>Datagrams to one address and of one length, but for a shorter last one, which go to the kernel in one piece (UDP_SEGMENT). Pure.</summary>
public struct DatagramRun
{
    /// <summary>Datagrams in one (UDP_MAX_SEGMENTS of linux/udp.h before it grew), and their bytes: what IPv4's length can tell.</summary>
    public const int MostDatagrams = 64, MostBytes = 65_507;

    private bool _isClosed;

    public RealAddress Remote { get; private init; }

    /// <summary>Bytes of each datagram but the last.</summary>
    public int Segment { get; private init; }

    /// <summary>Datagrams in it, and their bytes.</summary>
    public int Count { get; private set; }

    public int Bytes { get; private set; }

    public static DatagramRun Begin(RealAddress remote, int length) => new() { Remote = remote, Segment = length, Count = 1, Bytes = length };

    /// <summary>Takes the next datagram to the same address, where it goes on it.</summary>
    /// <param name="longest">Bytes of a segment beyond which there are no runs at present.</param>
    /// <returns>False: it does not, and begins another.</returns>
    public bool TryAdd(int length, int longest)
    {
        if (_isClosed || length == 0 || length > Segment || Segment > longest || Count == MostDatagrams || Bytes + length > MostBytes)
        {
            return false;
        }

        Count++;
        Bytes += length;
        _isClosed = length < Segment;
        return true;
    }
}
