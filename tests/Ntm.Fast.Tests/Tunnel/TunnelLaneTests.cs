using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>With several lanes packets are sealed after, and opened before, anything is decided; what comes of them is the same.</summary>
public sealed class TunnelLaneTests
{
    private const int Lanes = 3;

    private readonly PacketBatch _batch = new();

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void A_batch_sealed_by_lanes_is_byte_for_byte_the_one_that_is_sealed_at_once(uint suites)
    {
        var sealedBytes = new List<byte[]>[2];
        foreach (var (index, lanes) in new[] { 1, Lanes }.Index())
        {
            var rig = Rig(suites, lanes);
            sealedBytes[index] = [];
            for (var round = 0; round < 3; round++)
            {
                Seal(rig, round);
                DoBackwards(rig.A.Table.LeftToSeal);
                sealedBytes[index].AddRange(Bytes());
            }

            Assert.Equal(lanes > 1, rig.A.Table.LeftToSeal is not null);
        }

        Assert.Equal(sealedBytes[0], sealedBytes[1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void A_batch_opened_by_lanes_is_judged_like_one_that_is_opened_at_once(uint suites)
    {
        var verdicts = new List<(OpenVerdict, string)>[2];
        var counters = new string[2];
        foreach (var (index, lanes) in new[] { 1, Lanes }.Index())
        {
            var rig = Rig(suites, lanes);
            Seal(rig, 0);
            DoBackwards(rig.A.Table.LeftToSeal);
            var bytes = Bytes();
            bytes[3] = bytes[2];                // a copy in the same batch
            bytes[7][40] ^= 1;                  // forged
            bytes[9] = bytes[9][..20];          // cut
            bytes[11][4] ^= 1;                  // nobody's
            bytes[13] = new byte[TunnelMessage.InitiationSize];
            (bytes[20], bytes[30]) = (bytes[30], bytes[20]);
            verdicts[index] = Open(rig, bytes);
            verdicts[index].AddRange(Open(rig, bytes)); // and all of it once more
            counters[index] = string.Join(", ", rig.B.Table.Counters.All.Select(c => $"{c.Key} {c.Value}").Order());
        }

        Assert.Equal(verdicts[0], verdicts[1]);
        Assert.Equal(counters[0], counters[1]);
        Assert.Contains(verdicts[0], v => v.Item1 == OpenVerdict.Data);
    }

    [Fact]
    public void A_tunnel_that_is_removed_while_packets_wait_has_them_sealed_with_its_key_first()
    {
        var rig = Rig(4, Lanes);
        Seal(rig, 0);
        rig.A.Table.Remove(rig.AtoB);
        Assert.Equal(0, rig.A.Table.LeftToSeal!.Count);
        Assert.All(Open(rig, Bytes()), verdict => Assert.Equal(OpenVerdict.Data, verdict.Item1));
    }

    [Fact]
    public void A_key_that_is_forgotten_between_opening_and_judging_counts_no_more()
    {
        var rig = Rig(4, Lanes);
        Seal(rig, 0);
        DoBackwards(rig.A.Table.LeftToSeal);
        Fill(rig, Bytes());
        DoBackwards(rig.B.Table.OpenAhead(rig.Now, _batch));
        rig.B.Table.Remove(rig.BtoA);
        for (var i = 0; i < _batch.Count; i++)
        {
            Assert.Equal(OpenVerdict.Refused, rig.B.Table.Open(rig.Now, _batch[i], out _));
        }
    }

    [Fact]
    public void What_may_not_wait_is_sealed_at_once()
    {
        var rig = Rig(4, Lanes);
        Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(100)));
        Assert.Equal(0, rig.A.Table.LeftToSeal!.Count);
        rig.Run(1);
        Assert.Equal(TunnelRig.IPv4(100), Assert.Single(rig.B.Data));
    }

    private static TunnelRig Rig(uint suites, int lanes)
    {
        var rig = new TunnelRig(lanes: lanes);
        rig.AtoB.Suites = rig.BtoA.Suites = new(new(suites), new(suites));
        return rig.Established();
    }

    // In pieces, the last first, each in another lane.
    private static void DoBackwards(IBatchWork? work)
    {
        if (work is null)
        {
            return;
        }

        var to = work.Count;
        for (var lane = 0; to > 0; lane = (lane + 1) % Lanes)
        {
            var from = Math.Max(0, to - 5);
            work.Do(from, to, lane);
            to = from;
        }

        work.Done();
    }

    private void Seal(TunnelRig rig, int round)
    {
        _batch.Clear();
        for (var i = 0; i < Limits.BatchSlots; i++)
        {
            var packet = _batch.Add();
            packet.Fill(i % 2 == 0 ? TunnelRig.IPv4(40 + (i * 20), (byte)round) : TunnelRig.IPv6(41 + (i * 20), (byte)round));
            rig.A.Table.Seal(rig.Now, rig.AtoB, packet, mayWait: true);
            Assert.Equal(Disposition.ToWire, packet.Disposition);
        }
    }

    private List<byte[]> Bytes() => [.. Enumerable.Range(0, _batch.Count).Select(i => _batch[i].Bytes.ToArray())];

    private void Fill(TunnelRig rig, List<byte[]> datagrams)
    {
        _batch.Clear();
        foreach (var datagram in datagrams)
        {
            var packet = _batch.Add();
            packet.Fill(datagram);
            packet.Path = rig.A.Path;
        }
    }

    private List<(OpenVerdict Verdict, string Inner)> Open(TunnelRig rig, List<byte[]> datagrams)
    {
        Fill(rig, datagrams);
        DoBackwards(rig.B.Table.OpenAhead(rig.Now, _batch));
        var verdicts = new List<(OpenVerdict, string)>();
        for (var i = 0; i < _batch.Count; i++)
        {
            var verdict = rig.B.Table.Open(rig.Now, _batch[i], out _);
            verdicts.Add((verdict, verdict == OpenVerdict.Data ? Convert.ToHexString(_batch[i].Bytes) : ""));
        }

        return verdicts;
    }
}
