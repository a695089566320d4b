using System.Buffers.Binary;
using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>Packets that go in two halves, and what becomes of halves that are not as they should be.</summary>
public sealed class HalvesTests
{
    private readonly TunnelRig _rig = new TunnelRig().Established();

    private Counters Counters => _rig.B.Table.Counters;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_length_goes_in_two_and_comes_out_as_it_was_in_either_order(bool secondFirst)
    {
        for (var length = 1201; length <= Limits.MtuInside; length++)
        {
            var inner = (length & 1) == 0 ? TunnelRig.IPv4(length) : TunnelRig.IPv6(length);
            BinaryPrimitives.WriteInt32LittleEndian(inner.AsSpan(length / 2), length);
            var halves = Split(inner);
            Assert.All(halves, h => Assert.InRange(h.Length, TunnelMessage.TransportOverhead + 600, TunnelMessage.TransportOverhead + 1 + TunnelMessage.HalfSize));
            Assert.InRange(halves[0].Length - halves[1].Length, 0, 1);
            Assert.Equal(Counter(halves[0]) + 1, Counter(halves[1]));
            _rig.B.Data.Clear();
            Assert.Equal(OpenVerdict.KeepAlive, Take(halves[secondFirst ? 1 : 0]));
            Assert.Equal(OpenVerdict.Data, Take(halves[secondFirst ? 0 : 1]));
            Assert.Equal(inner, Assert.Single(_rig.B.Data));
        }
    }

    [Fact]
    public void The_least_ipv6_packet_passes_the_narrowest_path_that_is_probed_for()
    {
        var halves = Split(TunnelRig.IPv6(Limits.MtuMinimum));
        Assert.All(halves, h => Assert.InRange(h.Length - TunnelMessage.TransportOverhead, 1, Limits.MtuPathLeast));
    }

    [Fact]
    public void Halves_of_many_packets_may_cross()
    {
        var packets = Enumerable.Range(0, 60).Select(i => TunnelRig.IPv6(1300 + i, (byte)i)).ToArray();
        var halves = packets.Select(Split).ToArray();
        foreach (var half in halves.Select(h => h[0]).Concat(halves.Reverse().Select(h => h[1])))
        {
            Take(half);
        }

        Assert.Equal(packets.Reverse(), _rig.B.Data);
    }

    [Fact]
    public void What_is_staged_or_signalled_is_split_as_well_and_a_probe_is_not()
    {
        var rig = new TunnelRig();
        var staged = TunnelRig.IPv6(1400);
        Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, staged));
        rig.Run(1);
        Assert.Equal(staged, Assert.Single(rig.B.Data));
        Assert.All(rig.Of(rig.A, TunnelMessage.Transport), s => Assert.True(s.Bytes.Length < 800));

        rig.Log.Clear();
        Assert.True(rig.A.Table.SendOn(rig.Now, rig.AtoB, TunnelRig.IPv6(1280), rig.B.Path));
        rig.Run(1);
        Assert.Equal(2, rig.Of(rig.A, TunnelMessage.Transport).Count(s => s.Bytes.Length > 600));

        rig.Log.Clear();
        Assert.True(rig.A.Table.SendOn(rig.Now, rig.AtoB, TunnelRig.IPv6(100, 7), rig.B.Path, padTo: 1413));
        rig.Run(1);
        Assert.Equal(1413 + TunnelMessage.TransportOverhead, rig.Of(rig.A, TunnelMessage.Transport).Max(s => s.Bytes.Length));
        Assert.Equal(TunnelRig.IPv6(100, 7), rig.B.Data[^1]);
    }

    [Fact]
    public void Padding_never_exceeds_what_the_path_carries()
    {
        foreach (var mtu in new[] { 1412, 1360, 1340, 1203, 960 })
        {
            _rig.AtoB.Mtu = mtu;
            for (var length = mtu - 20; length <= mtu; length++)
            {
                _rig.Log.Clear();
                _rig.A.Seal(_rig.AtoB, TunnelRig.IPv6(length));
                Assert.InRange(_rig.Log[0].Bytes.Length - TunnelMessage.TransportOverhead, length, mtu);
            }
        }
    }

    [Fact]
    public void A_replayed_half_is_refused_and_makes_no_second_packet()
    {
        var halves = Split(TunnelRig.IPv6(1400));
        Take(halves[0]);
        Assert.Equal(OpenVerdict.Refused, Take(halves[0]));
        Take(halves[1]);
        Assert.Equal(OpenVerdict.Refused, Take(halves[0]));
        Assert.Equal(OpenVerdict.Refused, Take(halves[1]));
        Assert.Equal(3, Counters[TunnelRefusals.Replayed]);
        Assert.Single(_rig.B.Data);
        Assert.Equal(0, _rig.BtoA.HalvesWaiting);
    }

    [Fact]
    public void A_half_whose_other_one_is_late_is_dropped_and_so_is_that()
    {
        var halves = Split(TunnelRig.IPv6(1400));
        Take(halves[0]);
        _rig.Boot += Limits.HalfLife + TimeSpan.FromMilliseconds(1);
        Take(halves[1]);
        Assert.Empty(_rig.B.Data);
        Assert.Equal(1, Counters[TunnelRefusals.HalfAlone]);
        _rig.Boot += Limits.HalfLife + TimeSpan.FromMilliseconds(1);
        Take(Split(TunnelRig.IPv6(1400))[0]);
        Assert.Equal(2, Counters[TunnelRefusals.HalfAlone]);
        Assert.Equal(1, _rig.BtoA.HalvesWaiting);
    }

    [Fact]
    public void Endless_first_halves_fill_a_bounded_room_and_others_halves_still_meet()
    {
        for (var i = 0; i < 10_000; i++)
        {
            Take(Split(TunnelRig.IPv6(1400))[0]);
            Assert.InRange(_rig.BtoA.HalvesWaiting, 1, Limits.HalvesPerTunnel);
        }

        Assert.Equal(10_000 - Limits.HalvesPerTunnel, Counters[TunnelRefusals.HalfGaveWay]);
        var last = Split(TunnelRig.IPv6(1300));
        Take(last[0]);
        Take(last[1]);
        Assert.Single(_rig.B.Data);
    }

    [Fact]
    public void Many_who_fill_all_room_leave_each_its_share()
    {
        var room = new Halves(new Counters());
        var table = _rig.B.Table;
        var keypair = _rig.BtoA.Current!;
        var entropy = new SeededEntropy(5);
        var packet = new Packet();
        var tunnels = Enumerable.Range(0, 40).Select(_ => table.Add(StaticKeyPair.Generate(entropy).Public, TunnelKind.Ntm)).ToArray();
        ulong counter = 0;
        void Add(Tunnel.Tunnel tunnel, byte which, ulong at)
        {
            packet.Fill([which, .. TunnelRig.IPv6(600)]);
            Assert.True(room.TryJoin(TimeSpan.FromHours(1), tunnel, keypair, at, packet, out _) == (which == TunnelMessage.SecondHalf));
        }

        foreach (var tunnel in tunnels)
        {
            for (var i = 0; i < 400; i++)
            {
                Add(tunnel, TunnelMessage.FirstHalf, counter += 2);
            }
        }

        Assert.Equal(Limits.HalvesInAll, room.Count);
        Assert.All(tunnels, t => Assert.InRange(t.HalvesWaiting, (Limits.HalvesInAll / 40) - 1, Limits.HalvesPerTunnel));
        Add(_rig.BtoA, TunnelMessage.FirstHalf, counter += 2);
        Add(tunnels[0], TunnelMessage.FirstHalf, counter + 4);
        Add(_rig.BtoA, TunnelMessage.SecondHalf, counter + 1);
        Assert.Equal(Limits.HalvesInAll - 1, room.Count);
    }

    /// <summary>Lost, doubled, mixed up, renewed keys between: what comes out went in, and once.</summary>
    [Fact]
    public void Whatever_becomes_of_halves_on_the_way_nothing_is_made_up()
    {
        var random = new Random(11);
        var sent = new Dictionary<int, byte[]>();
        var flying = new List<byte[]>();
        for (var i = 0; i < 3000; i++)
        {
            var inner = TunnelRig.IPv6(random.Next(1201, Limits.MtuInside + 1), (byte)i);
            BinaryPrimitives.WriteInt32LittleEndian(inner.AsSpan(600), i);
            sent.Add(i, inner);
            flying.AddRange(Split(inner).Where(_ => random.NextDouble() > 0.1));
            if (random.Next(500) == 0)
            {
                _rig.A.Table.Begin(_rig.Now, _rig.AtoB);
                _rig.Run(0.5);
            }

            while (flying.Count > 40)
            {
                var at = random.Next(flying.Count);
                Take(flying[at]);
                if (random.Next(10) > 0)
                {
                    flying.RemoveAt(at);
                }
            }
        }

        var got = _rig.B.Data.Select(d => BinaryPrimitives.ReadInt32LittleEndian(d.AsSpan(600))).ToList();
        Assert.Equal(got.Count, got.Distinct().Count());
        Assert.All(_rig.B.Data, d => Assert.Equal(sent[BinaryPrimitives.ReadInt32LittleEndian(d.AsSpan(600))], d));
        Assert.InRange(got.Count, 2000, 3000);
    }

    [Fact]
    public void Halves_that_do_not_fit_are_dropped_and_counted()
    {
        // Lengths that no cut in the middle makes; Seal pads nothing here, since these are multiples of 16.
        Take(Sealed([TunnelMessage.FirstHalf, .. new byte[15]]));
        Assert.Equal(OpenVerdict.Refused, Take(Sealed([TunnelMessage.SecondHalf, .. new byte[31]])));
        Assert.Equal(1, Counters[TunnelRefusals.HalfMismatched]);

        // Two halves that make no IP packet, and one that claims to be longer than both.
        Take(Sealed([TunnelMessage.FirstHalf, .. new byte[63]]));
        Assert.Equal(OpenVerdict.Refused, Take(Sealed([TunnelMessage.SecondHalf, .. new byte[63]])));
        Take(Sealed([TunnelMessage.FirstHalf, .. TunnelRig.IPv6(1400)[..63]]));
        Assert.Equal(OpenVerdict.Refused, Take(Sealed([TunnelMessage.SecondHalf, .. new byte[63]])));
        Assert.Equal(3, Counters[TunnelRefusals.HalfMismatched]);

        // Longer than half of the longest packet, and nothing at all.
        _rig.AtoB.Mtu = 1;
        Assert.Equal(OpenVerdict.Refused, Take(Sealed([TunnelMessage.FirstHalf, .. new byte[TunnelMessage.HalfSize + 1]])));
        Assert.Equal(OpenVerdict.Refused, Take(Sealed([TunnelMessage.SecondHalf])));
        Assert.Equal(2, Counters[TunnelRefusals.HalfMalformed]);

        // Two first halves are no pair, nor are those of different packets.
        Take(Split(TunnelRig.IPv6(1400))[0]);
        Take(Split(TunnelRig.IPv6(1400))[1]);
        Assert.Empty(_rig.B.Data);
        Assert.Equal(2, _rig.BtoA.HalvesWaiting);
    }

    [Fact]
    public void Who_joins_no_halves_gets_none()
    {
        var rig = new TunnelRig();
        rig.AtoB.JoinsHalves = false;
        rig.A.Seal(rig.AtoB, TunnelRig.IPv6(1400));
        rig.Run(1);
        Assert.Equal(1400 + TunnelMessage.TransportOverhead, rig.Of(rig.A, TunnelMessage.Transport).Max(s => s.Bytes.Length));
        Assert.Single(rig.B.Data);
    }

    [Fact]
    public void To_who_knows_no_halves_one_is_no_ip_packet()
    {
        var rig = new TunnelRig(TunnelKind.Stock).Established();
        Assert.False(rig.AtoB.JoinsHalves);
        rig.A.Seal(rig.AtoB, [TunnelMessage.FirstHalf, .. new byte[15]]);
        rig.Run(1);
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.InnerMalformed]);
    }

    [Fact]
    public void A_tunnel_that_is_removed_leaves_no_half_that_matters()
    {
        var halves = Split(TunnelRig.IPv6(1400));
        Take(halves[0]);
        _rig.B.Table.Remove(_rig.BtoA);
        Assert.Equal(OpenVerdict.Refused, Take(halves[1]));
    }

    [Fact]
    public void Halves_allocate_nothing()
    {
        Packet first = new(), second = new();
        var inner = TunnelRig.IPv6(1400);
        var failures = 0;
        void Round()
        {
            first.Fill(inner);
            _rig.A.Table.SealHalves(_rig.Now, _rig.AtoB, first, second);
            (first.Path, second.Path) = (_rig.A.Path, _rig.A.Path);
            failures += _rig.B.Table.Open(_rig.Now, first, out _) == OpenVerdict.KeepAlive ? 0 : 1;
            failures += _rig.B.Table.Open(_rig.Now, second, out _) == OpenVerdict.Data ? 0 : 1;
            first.Reset();
        }

        for (var i = 0; i < 1000; i++)
        {
            Round();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, failures);
    }

    private static ulong Counter(byte[] datagram) => BinaryPrimitives.ReadUInt64LittleEndian(datagram.AsSpan(8));

    private OpenVerdict Take(byte[] datagram) => _rig.B.Take(_rig.A.Path, datagram);

    private byte[][] Split(byte[] inner)
    {
        Packet first = new(), second = new();
        first.Fill(inner);
        _rig.A.Table.SealHalves(_rig.Now, _rig.AtoB, first, second);
        Assert.Equal((Disposition.ToWire, Disposition.ToWire), (first.Disposition, second.Disposition));
        return [first.Bytes.ToArray(), second.Bytes.ToArray()];
    }

    private byte[] Sealed(byte[] inner)
    {
        var packet = new Packet();
        packet.Fill(inner);
        _rig.A.Table.Seal(_rig.Now, _rig.AtoB, packet);
        return packet.Bytes.ToArray();
    }
}
