using System.Buffers.Binary;
using Ntm.Linux.Offloads;
using Ntm.Linux.Queues;
using Ntm.Protocol;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Super-packets of the TUN. The first byte chooses: what the kernel hands over is cut (and the pieces merged and cut again), or packets are merged as they
/// come, each with its length before it, and cut again; their checksums made right before, or most would go by themselves.
/// </summary>
public sealed class SuperPacketTarget : Target
{
    private const int MostPackets = 32;

    private readonly SegmentGathering _gathering = new(MostPackets);
    private readonly Packet[] _packets = [.. Enumerable.Range(0, MostPackets).Select(_ => new Packet())];
    private readonly byte[][] _before = [.. Enumerable.Range(0, MostPackets).Select(_ => new byte[2048])];
    private readonly int[] _lengths = new int[MostPackets];
    private readonly bool[] _found = new bool[MostPackets];
    private readonly byte[] _written = new byte[70_000];
    private readonly byte[] _segment = new byte[70_000];

    public override string Name => "super-packet";

    public override string Law => "SegmentCut, SegmentGathering: never throws; cutting ends; what was merged is cut into the same packets, each flow's in its order";

    public override IReadOnlyList<byte[]> Words => [[0x45, 0], [0x60, 0], [0x50, 0x10], [0x80, 0x10], [0x50, 0x18], [1, 1], [1, 4], [1, 5], [1, 0x81], [100, 0, 20, 0, 16, 0], [100, 0, 40, 0, 6, 0]];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        foreach (var ipv4 in new[] { true, false })
        {
            var family = ipv4 ? "4" : "6";
            var transport = (byte)(ipv4 ? 20 : 40);
            yield return ("tcp" + family, [0, 1, ipv4 ? VirtioHeader.TcpIPv4 : VirtioHeader.TcpIPv6, 0, 0, 50, 0, transport, 0, 16, 0, .. Made(ipv4, 6, 1, 180)]);
            yield return ("udp" + family, [0, 1, VirtioHeader.Udp, 0, 0, 50, 0, transport, 0, 6, 0, .. Made(ipv4, 17, 1, 120)]);
            yield return ("checksum" + family, [0, 1, 0, 0, 0, 0, 0, transport, 0, 16, 0, .. Made(ipv4, 6, 1, 30)]);
            yield return ("merge-tcp" + family, [1, .. Enumerable.Range(0, 4).SelectMany(i => Told(Made(ipv4, 6, (uint)(1 + (i * 50)), 50, (ushort)i)))]);
            yield return ("merge-udp" + family, [1, .. Enumerable.Range(0, 4).SelectMany(i => Told(Made(ipv4, 17, 1, i == 3 ? 20 : 50, (ushort)i)))]);
            yield return ("merge-two" + family, [3, .. Enumerable.Range(0, 6).SelectMany(i => Told(Made(ipv4, 6, (uint)(1 + (i / 2 * 50)), 50, (ushort)(i / 2), (byte)(i % 2))))]);
        }
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        _gathering.Clear();
        var count = (input[0] & 1) == 0 ? Cut(input[1..]) : Read(input[1..], resum: (input[0] & 2) != 0);
        for (var i = 0; i < count; i++)
        {
            _gathering.Add(_packets[i]);
        }

        CheckRuns(count);
        return count | (_gathering.Runs << 8) | (input[0] & 1) << 16;
    }

    private int Cut(ReadOnlySpan<byte> input)
    {
        if (input.Length < VirtioHeader.Size)
        {
            return 0;
        }

        var super = input[VirtioHeader.Size..];
        if (!SegmentCut.TryBegin(VirtioHeader.Read(input), super, out var cut))
        {
            Require(!cut.HasMore, "what was refused has nothing to take");
            return 0;
        }

        _ = FlowHash.Of(super);
        super.CopyTo(_written);
        _ = CongestionMark.TrySet(_written.AsSpan(0, super.Length));
        var (count, steps) = (0, 0);
        while (cut.HasMore)
        {
            var (skipped, left) = (cut, cut.Left);
            skipped.Skip();
            Require(skipped.Left == left - 1, "a segment that is passed over is one less");
            Require(++steps <= super.Length, "each step takes some payload");
            var expected = cut.NextLength;
            Require(expected <= cut.LongestLength && cut.LongestLength <= super.Length, "no segment is longer than was said, or than the whole");
            var length = cut.Next(super, _segment.AsSpan(0, expected));
            Require(length == expected, "a segment is as long as was said");
            if (count < MostPackets)
            {
                Keep(count++, _segment.AsSpan(0, length));
            }
        }

        return count;
    }

    private int Read(ReadOnlySpan<byte> input, bool resum)
    {
        var count = 0;
        while (count < MostPackets && input.Length > 2)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(input), input.Length - 2);
            Keep(count, input.Slice(2, length));
            if (resum)
            {
                Resum(_packets[count].Bytes);
                _packets[count].Bytes.CopyTo(_before[count]);
            }

            count++;
            input = input[(2 + length)..];
        }

        return count;
    }

    private void Keep(int index, ReadOnlySpan<byte> bytes)
    {
        _packets[index].Fill(bytes);
        bytes.CopyTo(_before[index]);
        (_lengths[index], _found[index]) = (bytes.Length, false);
    }

    private void CheckRuns(int count)
    {
        var total = 0;
        for (var run = 0; run < _gathering.Runs; run++)
        {
            total += _gathering.CountOf(run);
            if (_gathering.CountOf(run) == 1)
            {
                Find(_gathering.FirstOf(run).Bytes, count);
                continue;
            }

            var header = _gathering.Finish(run);
            var length = 0;
            for (var cursor = -1; _gathering.TryNext(run, ref cursor, out var packet);)
            {
                var part = packet.Bytes[(length == 0 ? 0 : _gathering.HeadersOf(run))..];
                part.CopyTo(_written.AsSpan(length));
                length += part.Length;
            }

            Require(SegmentCut.TryBegin(header, _written.AsSpan(0, length), out var cut), "what was merged can be cut");
            var segments = 0;
            for (; cut.HasMore; segments++)
            {
                Find(_segment.AsSpan(0, cut.Next(_written.AsSpan(0, length), _segment)), count);
            }

            Require(segments == _gathering.CountOf(run), "what was merged is cut into as many");
        }

        Require(total == count, "each packet is in one run");
    }

    // In the order they came, among those that are the same: identical packets cannot be told apart anyway. Checksums of all ones and of zero are the same to a
    // receiver, and IPv4 identifications with DF mean nothing.
    private void Find(ReadOnlySpan<byte> segment, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (!_found[i] && IsSame(_before[i].AsSpan(0, _lengths[i]), segment))
            {
                _found[i] = true;
                return;
            }
        }

        Require(false, "what was merged is cut into the same packets");
    }

    private static bool IsSame(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        if (before.SequenceEqual(after))
        {
            return true;
        }

        if (before.Length != after.Length || before.Length < 28)
        {
            return false;
        }

        Span<byte> a = stackalloc byte[2048], b = stackalloc byte[2048];
        before.CopyTo(a);
        after.CopyTo(b);
        var transport = 40;
        if (before[0] >> 4 == 4)
        {
            transport = 20;
            if ((before[6] & 0x40) != 0)
            {
                a.Slice(4, 2).Clear();
                b.Slice(4, 2).Clear();
            }

            a.Slice(10, 2).Clear();
            b.Slice(10, 2).Clear();
        }

        var field = transport + (before[transport == 20 ? 9 : 6] == 6 ? 16 : 6);
        foreach (var packet in new[] { 0, 1 })
        {
            var sum = (packet == 0 ? a : b).Slice(field, 2);
            if (sum[0] == 0xFF && sum[1] == 0xFF)
            {
                sum.Clear();
            }
        }

        return a[..before.Length].SequenceEqual(b[..before.Length]);
    }

    private static void Resum(Span<byte> packet)
    {
        var facts = MergeFacts.Of(packet);
        if (!facts.HasFlow)
        {
            return;
        }

        if (facts.IsIPv4)
        {
            packet.Slice(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Finish(InternetChecksum.Sum(packet[..20])));
        }

        var transport = packet[facts.Transport..];
        var field = transport.Slice(facts.IsTcp ? 16 : 6, 2);
        field.Clear();
        var pseudo = InternetChecksum.Sum(facts.IsIPv4 ? packet.Slice(12, 8) : packet.Slice(8, 32)) + (facts.IsTcp ? 6u : 17u) + (uint)transport.Length;
        BinaryPrimitives.WriteUInt16BigEndian(field, InternetChecksum.Finish(InternetChecksum.Sum(transport) + pseudo));
    }

    private static byte[] Told(byte[] packet) => [(byte)packet.Length, (byte)(packet.Length >> 8), .. packet];

    private static byte[] Made(bool ipv4, byte protocol, uint sequence, int payload, ushort id = 0, byte port = 1)
    {
        var (ip, header) = (ipv4 ? 20 : 40, protocol == 6 ? 20 : 8);
        var packet = new byte[ip + header + payload];
        if (ipv4)
        {
            (packet[0], packet[8], packet[9], packet[12], packet[16]) = (0x45, 64, protocol, 192, 198);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), id);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Finish(InternetChecksum.Sum(packet.AsSpan(0, 20))));
        }
        else
        {
            (packet[0], packet[6], packet[7], packet[8], packet[24]) = (0x60, protocol, 64, 0xFD, 0xFD);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
        }

        var transport = packet.AsSpan(ip);
        transport[0] = port;
        if (protocol == 6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(transport[4..], sequence);
            (transport[12], transport[13]) = (0x50, 0x10);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)transport.Length);
        }

        for (var i = header; i < transport.Length; i++)
        {
            transport[i] = (byte)(i * 7);
        }

        var pseudo = InternetChecksum.Sum(ipv4 ? packet.AsSpan(12, 8) : packet.AsSpan(8, 32)) + protocol + (uint)transport.Length;
        BinaryPrimitives.WriteUInt16BigEndian(transport[(protocol == 6 ? 16 : 6)..], InternetChecksum.Finish(InternetChecksum.Sum(transport) + pseudo));
        return packet;
    }
}
