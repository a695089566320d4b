using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

public sealed class TunnelAllocationTests
{
    [Theory]
    [InlineData(TunnelKind.Ntm, false)]
    [InlineData(TunnelKind.Ntm, true)]
    [InlineData(TunnelKind.Stock, false)]
    public void A_packet_each_way_allocates_nothing(TunnelKind kind, bool keeps)
    {
        var rig = new TunnelRig(kind).Established();
        rig.AtoB.Keeps = rig.BtoA.Keeps = keeps;
        var inner = TunnelRig.IPv6(1280);
        var packet = new Packet();
        var failures = 0;
        void Round()
        {
            rig.Boot += TimeSpan.FromMilliseconds(1);
            failures += Cross(rig.A, rig.AtoB, rig.B) ? 0 : 1;
            failures += Cross(rig.B, rig.BtoA, rig.A) ? 0 : 1;
            rig.A.Table.HandleTimeout(rig.Now);
            rig.B.Table.HandleTimeout(rig.Now);
        }

        bool Cross(Party from, Tunnel.Tunnel tunnel, Party to)
        {
            packet.Reset();
            packet.Fill(inner);
            from.Table.Seal(rig.Now, tunnel, packet);
            packet.Path = from.Path;
            return to.Table.Open(rig.Now, packet, out _) == OpenVerdict.Data && packet.Length == inner.Length;
        }

        for (var i = 0; i < 2000; i++)
        {
            Round();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20_000; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, failures);
    }
}
