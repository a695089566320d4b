using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Report;
using Ntm.Crypto;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks;

/// <summary>What it costs to keep what was sealed, for a packet: the table seals with and without the ring, rounds interleaved. 44 packets a millisecond, a report each 50 ms.</summary>
internal sealed class RingBenchmark
{
    public const string Usage = """
        ring                     what keeping a sealed packet to be sent again costs, by suite and length
        """;

    private const int Rounds = 101, WarmUpRounds = 100, Milliseconds = 50, EachMillisecond = 44;

    private readonly TunnelTable _from;
    private readonly TunnelTable _to;
    private readonly Outbox[] _outboxes = [new(), new()];
    private readonly Tunnel.Tunnel _tunnel;
    private readonly Packet _packet = new();
    private TimeSpan _boot = TimeSpan.FromHours(1);

    private RingBenchmark(uint suites, bool keeps)
    {
        var keys = new[] { StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance) };
        _from = new TunnelTable(keys[0], SystemEntropy.Instance, _outboxes[0], aes: AesGcmSource.Instructions);
        _to = new TunnelTable(keys[1], SystemEntropy.Instance, _outboxes[1], aes: AesGcmSource.Instructions);
        _tunnel = _from.Add(keys[1].Public, TunnelKind.Ntm);
        var back = _to.Add(keys[0].Public, TunnelKind.Ntm);
        RealAddress.TryParse("192.0.2.1:4916", out var address);
        _tunnel.SendPath = back.SendPath = new WirePath(0, address, 0);
        _tunnel.Suites = back.Suites = new(new(suites), new(suites));
        (_tunnel.Mtu, _tunnel.Keeps) = (Limits.MtuInside, keeps);
        _from.Begin(Now, _tunnel);
        for (var i = 0; i < 4 && !_tunnel.IsEstablished; i++)
        {
            Carry(_outboxes[0], _to);
            Carry(_outboxes[1], _from);
        }
    }

    private Now Now => new(_boot, DateTimeOffset.UnixEpoch + _boot);

    public static int Run()
    {
        var table = new Table("", "bytes", "seal, ns", "seal and keep, ns", "more, ns", "more, %");
        foreach (var (name, suites) in new[] { ("ChaCha20-Poly1305", 0u), ("AES-256-GCM, instructions", 4u) })
        {
            foreach (var length in new[] { 64, 512, 1420 })
            {
                var (without, with) = (new RingBenchmark(suites, false), new RingBenchmark(suites, true));
                var (bare, kept) = (new Sample(), new Sample());
                for (var round = -WarmUpRounds; round < Rounds; round++)
                {
                    var (one, other) = (without.Once(length), with.Once(length));
                    if (round >= 0)
                    {
                        bare.Add(one);
                        kept.Add(other);
                    }
                }

                // Of the best rounds: what else the machine does only adds to either.
                var more = kept.Lowest - bare.Lowest;
                table.Add(name, length.ToString(CultureInfo.InvariantCulture), bare.Show("0"), kept.Show("0"), more.ToString("0", CultureInfo.InvariantCulture), (100 * more / bare.Lowest).ToString("0.0", CultureInfo.InvariantCulture));
            }
        }

        Page.Publish(null, new Section("Ring").Say("Nanoseconds a packet: median (lowest-highest) of interleaved rounds; the difference is that of the lowest.").Quote(Machine.Command("ring")).Show(table));
        return 0;
    }

    private double Once(int length)
    {
        var inner = new byte[length];
        inner[0] = 0x45;
        var start = Stopwatch.GetTimestamp();
        for (var ms = 0; ms < Milliseconds; ms++)
        {
            _boot += TimeSpan.FromMilliseconds(1);
            for (var i = 0; i < EachMillisecond; i++)
            {
                _packet.Reset();
                _packet.Fill(inner);
                _from.Seal(Now, _tunnel, _packet);
            }
        }

        var took = Stopwatch.GetElapsedTime(start).TotalNanoseconds / (Milliseconds * EachMillisecond);
        var receipt = new Receipt(BinaryPrimitives.ReadUInt32LittleEndian(_packet.Bytes[4..]), 0, BinaryPrimitives.ReadUInt64LittleEndian(_packet.Bytes[8..]));
        _from.Acknowledge(Now, _tunnel, receipt, default, out _);
        return _packet.Disposition == Disposition.ToWire ? took : throw new InvalidOperationException("Nothing was sealed.");
    }

    private void Carry(Outbox outbox, TunnelTable to)
    {
        while (outbox.TryTakeDatagram(out var path, out var bytes))
        {
            _packet.Reset();
            _packet.Fill(bytes);
            _packet.Path = path;
            to.Open(Now, _packet, out _);
        }
    }
}
