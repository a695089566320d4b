using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>
/// The first packet to another owner's device, every two parties 20 ms apart (docs/protocol.md, Directions across zones). From the question on, in ms: the asking coordinator 20, the asked one 40, the
/// answer 80, the first answered packet 160 later. Where the coordinators have not met: the record 60, the handshake 100, the question 120, the answer 160.
/// </summary>
public sealed class AcrossZonesTimeTests
{
    [Theory]
    [InlineData(NetworkKind.Symmetric, NetworkKind.Symmetric)]
    [InlineData(NetworkKind.IPv4Only, NetworkKind.IPv6Only)]
    public void A_relayed_first_packet_takes_one_round_trip_more_than_within_a_zone(NetworkKind one, NetworkKind other)
    {
        var measured = SimulatedGrid.MeasureAcross(one, other);
        Assert.Equal(TimeSpan.FromMilliseconds(320), measured.First.FirstPacket);
        Assert.Equal(TimeSpan.FromMilliseconds(240), measured.Again.FirstPacket);
        Assert.Equal((0, 0), (measured.First.Lost, measured.Again.Lost));
    }
}
