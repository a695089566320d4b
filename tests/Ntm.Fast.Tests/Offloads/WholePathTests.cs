using Ntm.Fuzz.Wire;
using Ntm.Linux.Offloads;
using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Offloads;

/// <summary>
/// Super-packets along the whole path, with and without device proxies: random flows, and a middleman who does what he likes with the trains of datagrams. That what is delivered was
/// sent, whole and once, and that all else is counted, is the path's own law (<see cref="OffloadedPath"/>).
/// </summary>
public sealed class WholePathTests
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    [InlineData(true, 4)]
    public void Random_flows_arrive_whole_and_merged(bool proxied, ulong seed)
    {
        var (path, random) = (Begun(proxied), new SeededEntropy(seed));
        for (var round = 0; round < 60; round++)
        {
            Enter(path, random, 6);
            Carry(path);
        }

        Assert.Equal(0, path.Missing);
        Assert.Empty(path.Refused);
        Assert.Equal(path.Cut, path.Delivered);
        Assert.InRange(path.Pieces, path.Cut / 50, path.Cut / 3); // it did merge
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void Only_tiny_or_only_maximal_packets(bool proxied, bool tiny)
    {
        var path = Begun(proxied);
        foreach (var source in new[] { path.IPv4, path.IPv6 })
        {
            for (ushort port = 1000; port < 1004; port++)
            {
                // 1,420 bytes inside, whatever the headers; of IPv4 28 less, which is what its route allows.
                var size = tiny ? 1 : (source.IsIPv4 ? 1392 - 20 : 1420 - 40) - (port % 2 == 0 ? 32 : 8);
                for (var i = 0; i < 4; i++)
                {
                    var (header, packet) = source.Next(port, tiny ? 200 : 60_000, size);
                    Assert.True(path.Enter(header, packet));
                }

                Carry(path);
            }
        }

        Assert.Equal(0, path.Missing);
        Assert.Empty(path.Refused);
        Assert.InRange(path.Pieces, path.Cut / Limits.BatchSlots, path.Cut / 8);
    }

    [Theory]
    [InlineData(false, 5)]
    [InlineData(true, 6)]
    public void Trains_out_of_order_twice_cut_and_joined_arrive_once(bool proxied, ulong seed)
    {
        var (path, random) = (Begun(proxied), new SeededEntropy(seed));
        var copies = 0L;
        for (var round = 0; round < 60; round++)
        {
            Enter(path, random, 6);
            path.Send();
            for (var i = 0; i < 20; i++)
            {
                var (one, other) = (random.Below(path.Wire.Count), random.Below(path.Wire.Count));
                var train = path.Wire[one];
                switch (random.Below(3))
                {
                    case 0:
                        (path.Wire[one], path.Wire[other]) = (path.Wire[other], train);
                        break;
                    case 1 when train.Bytes.Length > train.Segment:
                        var border = train.Segment * (1 + random.Below((train.Bytes.Length - 1) / train.Segment));
                        path.Wire[one] = train with { Bytes = train.Bytes[border..] };
                        path.Wire.Insert(other, train with { Bytes = train.Bytes[..border] });
                        break;
                    case 2:
                        path.Wire.Insert(other, train);
                        copies += (train.Bytes.Length + train.Segment - 1) / train.Segment;
                        break;
                }
            }

            Carry(path);
        }

        Assert.Equal(0, path.Missing);
        Assert.Equal(path.Cut, path.Delivered);
        Assert.Equal([new("tunnel-replayed", copies)], path.Refused);
    }

    // One train in four is held back, for up to 200 rounds: more than the replay window's 8,192 datagrams. What is later than that is refused, as a replay would be.
    [Theory]
    [InlineData(false, 7)]
    [InlineData(true, 8)]
    public void Endless_reordering_delivers_or_counts(bool proxied, ulong seed)
    {
        var (path, random) = (Begun(proxied), new SeededEntropy(seed));
        var held = new List<(int Until, Train Train)>();
        for (var round = 0; round < 300; round++)
        {
            Enter(path, random, 3);
            path.Send();
            for (var i = path.Wire.Count - 1; i >= 0; i--)
            {
                if (random.Chance(0.25))
                {
                    held.Add((round + random.Below(200), path.Wire[i]));
                    path.Wire.RemoveAt(i);
                }
            }

            path.Wire.AddRange(held.Where(h => h.Until <= round).Select(h => h.Train));
            held.RemoveAll(h => h.Until <= round);
            Carry(path);
        }

        path.Wire.AddRange(held.Select(h => h.Train));
        Carry(path);
        var late = path.Refused.Sum(r => r.Value);
        Assert.Equal(path.Cut, path.Delivered + late);
        Assert.Equal(late, path.Missing);
        Assert.All(path.Refused, r => Assert.Equal("tunnel-replayed", r.Key));
        Assert.InRange(late, 1, path.Cut / 4);
    }

    // What GRO hands over as one piece, and what the card or the path has done to its last datagram, or to any.
    [Theory]
    [InlineData(false, 9)]
    [InlineData(true, 10)]
    public void A_train_with_a_malformed_datagram_loses_that_one(bool proxied, ulong seed)
    {
        var (path, random) = (Begun(proxied), new SeededEntropy(seed));
        var lost = 0L;
        for (var round = 0; round < 400; round++)
        {
            var (header, packet) = (random.Below(2) == 0 ? path.IPv4 : path.IPv6).Next((ushort)(1000 + random.Below(4)), 4000 + random.Below(20_000), 1000);
            Assert.True(path.Enter(header, packet));
            path.Send();
            var at = path.Wire.Count - 1; // its last train
            var train = path.Wire[at];
            var last = (train.Bytes.Length - 1) / train.Segment * train.Segment;
            var isLost = true;
            switch (random.Below(4))
            {
                case 0: // cut off in its last datagram
                    path.Wire[at] = train.Truncated(last + 1 + random.Below(train.Bytes.Length - last - 1));
                    break;
                case 1: // something else in its place
                    var noise = new byte[1 + random.Below(train.Segment)];
                    random.Fill(noise);
                    path.Wire[at] = train with { Bytes = [.. train.Bytes[..last], .. noise] };
                    break;
                case 2: // a bit anywhere, but in a channel, which no datagram is refused for
                    var bit = random.Below(train.Bytes.Length * 8);
                    isLost = bit / 8 % train.Segment is 0 or > 3;
                    path.Wire[at] = train.Flipped(bit);
                    break;
                case 3: // noise behind it: one more datagram, of no length that there is
                    isLost = last + train.Segment == train.Bytes.Length;
                    path.Wire[at] = isLost ? train with { Bytes = [.. train.Bytes, 4, 0, 0] } : train;
                    lost -= isLost ? 1 : 0;
                    break;
            }

            lost += isLost ? 1 : 0;
            Carry(path);
        }

        Assert.Equal(lost, path.Missing);
        Assert.Equal(path.Cut, path.Delivered + lost);
        Assert.All(path.Refused, r => Assert.StartsWith("tunnel-", r.Key, StringComparison.Ordinal));
        Assert.True(path.Refused.Sum(r => r.Value) >= lost);
    }

    // Every field of the kernel's header and of the packet's own headers, each with random values: it is refused, or what is delivered is what the header says.
    [Theory]
    [InlineData(false, 11)]
    [InlineData(true, 12)]
    public void Wrong_header_fields_are_refused_or_mean_what_they_say(bool proxied, ulong seed)
    {
        var (path, random) = (Begun(proxied), new SeededEntropy(seed));
        var refused = 0;
        Span<byte> told = stackalloc byte[VirtioHeader.Size];
        for (var round = 0; round < 3000; round++)
        {
            var (header, packet) = (round % 2 == 0 ? path.IPv4 : path.IPv6).Next((ushort)(1000 + random.Below(4)), random.Below(4) == 0 ? 900 : 5000, 1200);
            header.Write(told);
            var at = random.Below(VirtioHeader.Size + 72);
            var value = (byte)random.NextWord();
            if (at < VirtioHeader.Size)
            {
                told[at] = value;
            }
            else
            {
                packet[at - VirtioHeader.Size] = value;
            }

            refused += path.Enter(VirtioHeader.Read(told), packet) ? 0 : 1;
            if (round % 4 == 3)
            {
                Carry(path);
                path.Forget();
            }

            if (proxied && round % 50 == 49)
            {
                OpenFlows(path); // RST and FIN were among the values
            }
        }

        Assert.InRange(refused, 300, 2700);
        Assert.Contains(path.Refused, r => r.Key == "tun-malformed");
        Assert.Contains(path.Refused, r => r.Key == "tun-oversized");
        Assert.True(path.Delivered > path.Cut / 4, $"{path.Delivered} of {path.Cut}");
    }

    private static OffloadedPath Begun(bool proxied)
    {
        var path = new OffloadedPath(proxied);
        OpenFlows(path);
        Assert.Equal(0, path.Missing);
        return path;
    }

    private static void OpenFlows(OffloadedPath path)
    {
        const byte syn = 2;
        foreach (var source in new[] { path.IPv4, path.IPv6 })
        {
            for (ushort port = 1000; port < 1004; port += 2)
            {
                var (header, packet) = source.Next(port, 0, 1, syn);
                Assert.True(path.Enter(header, packet));
            }
        }

        Carry(path);
    }

    private static void Enter(OffloadedPath path, SeededEntropy random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            const byte ack = 0x10, push = 8, ece = 0x40, cwr = 0x80;
            var source = random.Below(2) == 0 ? path.IPv4 : path.IPv6;
            var size = random.Below(3) switch { 0 => 1 + random.Below(1300), 1 => 1300, _ => 64 };
            var length = random.Below(3) switch { 0 => 1 + random.Below(size), 1 => Math.Min(size * 64, 65_000), _ => 1 + random.Below(size * 20) };
            var flags = ack | (random.Below(4) switch { 0 => push, 1 => ece, 2 => cwr, _ => 0 });
            var (header, packet) = source.Next((ushort)(1000 + random.Below(4)), length, size, (byte)flags, mayFragment: random.Below(2) == 0);
            Assert.True(path.Enter(header, packet));
        }
    }

    private static void Carry(OffloadedPath path)
    {
        path.Send();
        path.Wire.ForEach(path.Arrive);
        path.Receive();
        path.Wire.Clear();
    }
}
