using System.Buffers.Binary;
using Ntm.Linux.Offloads;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Super-packets along the whole path (<see cref="OffloadedPath"/>). An input is a program: byte 0 chooses whether device proxies are in it, then follow steps of six bytes each: super-packets
/// that enter, right ones and ones with some bytes changed; ends of batches; what a middleman does with trains of datagrams; arrivals.
/// </summary>
public sealed class OffloadedPathTarget : Target
{
    private const int StepBytes = 6, MostSteps = 24, MostTrains = 64;

    private readonly OffloadedPath _plain = new(proxied: false);
    private readonly OffloadedPath _proxied = new(proxied: true);
    private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);

    public override string Name => "offloaded-path";

    public override string Law => "the whole path with offloads: never throws; what is delivered was sent, is whole and comes once; all else is counted, once";

    public override int LongestInput => 1 + (StepBytes * MostSteps);

    public override long MostAllocated => 64 << 20;

    public override IReadOnlyList<byte[]> Words => [[0, 0, 0, 4, 5, 16], [1, 1, 0, 8, 200, 16], [2, 0, 2, 3, 100, 16], [3, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0]];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        foreach (var mode in new byte[] { 0, 1 })
        {
            var family = mode == 0 ? "plain" : "proxied";
            yield return (family + "-tcp4", [mode, 0, 0, 4, 8, 200, 16, 3, 0, 0, 0, 0, 0]);
            yield return (family + "-udp6", [mode, 0, 17, 4, 8, 200, 16, 3, 0, 0, 0, 0, 0]);
            yield return (family + "-patched", [mode, 2, 0, 4, 8, 200, 9, 3, 0, 0, 0, 0, 0]);
            yield return (family + "-swapped", [mode, 0, 0, 4, 8, 200, 16, 3, 0, 0, 0, 0, 0, 0, 0, 4, 8, 200, 24, 3, 0, 0, 0, 0, 0, 4, 2, 0, 1, 0, 0]);
            yield return (family + "-broken", [mode, 0, 0, 4, 8, 200, 16, 3, 0, 0, 0, 0, 0, 4, 3, 0, 3, 1, 0, 4, 4, 0, 1, 1, 0, 4, 5, 0, 1, 1, 0]);
        }
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        var path = (input[0] & 1) == 0 ? _plain : _proxied;
        if (path == _proxied)
        {
            OpenFlows(path);
        }

        var before = (path.Cut, path.Delivered, path.Pieces);
        for (input = input[1..]; input.Length >= StepBytes; input = input[StepBytes..])
        {
            Step(path, input[..StepBytes]);
        }

        path.Send();
        foreach (var train in path.Wire)
        {
            path.Arrive(train);
        }

        path.Receive();
        path.Forget();
        return (Changed(path) * 31) + Math.Min((int)(path.Delivered - before.Delivered), 63) + (Math.Min((int)(path.Pieces - before.Pieces), 15) << 8);
    }

    // A connection may have been ended by what was changed: its ports begin anew.
    private static void OpenFlows(OffloadedPath path)
    {
        foreach (var source in new[] { path.IPv4, path.IPv6 })
        {
            for (ushort port = 0; port < 4; port += 2)
            {
                var (header, packet) = source.Next((ushort)(1000 + port), 0, 1, flags: 2);
                path.Enter(header, packet);
            }
        }

        path.Send();
        path.Wire.ForEach(path.Arrive);
        path.Receive();
        Require(path.Missing == 0, "a connection can begin");
        path.Wire.Clear();
    }

    private static void Step(OffloadedPath path, ReadOnlySpan<byte> step)
    {
        var wide = BinaryPrimitives.ReadUInt16LittleEndian(step[3..]);
        switch (step[0] % 7)
        {
            case 0 or 1:
                var (header, packet) = Made(path, step);
                Require(path.Enter(header, packet), "what the kernel makes is taken");
                break;
            case 2:
                Patched(path, step);
                break;
            case 3:
                path.Send();
                break;
            case 4 when path.Wire.Count is > 0 and < MostTrains:
                Meddle(path.Wire, step[1] % 8, step[2] % path.Wire.Count, wide);
                break;
            case 5 when path.Wire.Count > 0:
                var at = step[2] % path.Wire.Count;
                path.Arrive(path.Wire[at]);
                path.Wire.RemoveAt(at);
                break;
            case 6:
                path.Receive();
                break;
        }
    }

    // Byte 1: the flow, and the family; 2 to 4: segment size and length; 5: flags of TCP, or DF.
    private static (VirtioHeader Header, byte[] Packet) Made(OffloadedPath path, ReadOnlySpan<byte> step)
    {
        var source = (step[1] & 16) == 0 ? path.IPv4 : path.IPv6;
        var size = Math.Max(1, step[2] switch { < 64 => step[2], < 128 => 1000 + step[2], < 192 => 1448 - (step[2] & 63), _ => 256 });
        size = Math.Min(size, source.IsIPv4 ? 1340 : 1348);
        var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(step[3..]) % 6000, size * 70);
        var flags = length > size ? 0x10 | (step[5] & 0xC9) : 0x10 | (step[5] & 0xFB); // a long one has no SYN or URG; none has RST here, which ends the flow
        return source.Next((ushort)(1000 + (step[1] & 3)), Math.Max(length, 1), size, (byte)(flags & ~0x26), mayFragment: (step[5] & 2) != 0);
    }

    // Bytes of the kernel's header, or of the packet's first 84, changed.
    private static void Patched(OffloadedPath path, ReadOnlySpan<byte> step)
    {
        var (header, packet) = Made(path, step);
        Span<byte> told = stackalloc byte[VirtioHeader.Size];
        header.Write(told);
        for (var i = 0; i <= (step[5] & 1); i++)
        {
            var at = (step[5] >> 1) + (i * 7);
            if (at < VirtioHeader.Size)
            {
                told[at] ^= step[4 - i];
            }
            else
            {
                packet[(at - VirtioHeader.Size) % packet.Length] ^= step[4 - i];
            }
        }

        path.Enter(VirtioHeader.Read(told), packet);
    }

    private static void Meddle(List<Train> wire, int how, int at, int wide)
    {
        var train = wire[at];
        switch (how)
        {
            case 0:
                wire.RemoveAt(at);
                break;
            case 1:
                wire.Add(train);
                break;
            case 2:
                (wire[at], wire[wide % wire.Count]) = (wire[wide % wire.Count], train);
                break;
            case 3 when train.Bytes.Length > 1:
                wire[at] = train.Truncated(Math.Max(1, wide % train.Bytes.Length));
                break;
            case 4:
                wire[at] = train.Flipped(wide * 7);
                break;
            case 5 when train.Bytes.Length + wire[wide % wire.Count].Bytes.Length <= DatagramRun.MostBytes: // two trains in one, as GRO makes where lengths fit; where not, the datagrams' borders are lost
                wire[at] = train with { Bytes = [.. train.Bytes, .. wire[wide % wire.Count].Bytes] };
                break;
            case 6 when train.Bytes.Length > train.Segment:
                var border = train.Segment * (1 + (wide % ((train.Bytes.Length - 1) / train.Segment)));
                wire[at] = train with { Bytes = train.Bytes[border..] };
                wire.Add(train with { Bytes = train.Bytes[..border] });
                break;
            case 7:
                wire[at] = train with { Segment = Math.Max(1, Math.Min(train.Segment, wide % 1500)) };
                break;
        }
    }

    private int Changed(OffloadedPath path)
    {
        var hash = 0;
        foreach (var (reason, count) in path.Refused)
        {
            if (_seen.GetValueOrDefault(reason) != count)
            {
                _seen[reason] = count;
                hash = (hash * 31) + Outcome(reason);
            }
        }

        return hash;
    }
}
