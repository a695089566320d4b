using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Report;
using Ntm.Crypto;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks;

/// <summary>What lanes bring where there is nothing but sealing and opening: batches of 64 full packets, from memory, with one lane and with more.</summary>
internal static class LanesBenchmark
{
    public const string Usage = "lanes                    what several lanes bring where there is nothing but sealing and opening";

    private const int Rounds = 9, Batches = 4000, Length = 1400;

    public static int Run()
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors; a batch is sealed by one table and opened by its peer; ns a packet for both, median of {Rounds} (lowest-highest), interleaved");
        foreach (var suite in new[] { CipherSuite.ChaCha20Poly1305, CipherSuite.Aes256Gcm })
        {
            var counts = Enumerable.Range(1, Math.Min(Environment.ProcessorCount, 4)).ToArray();
            var rows = counts.ToDictionary(lanes => lanes, _ => new Sample());
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var lanes in counts)
                {
                    rows[lanes].Add(Measure(suite, lanes));
                }
            }

            var one = rows[1].Median;
            foreach (var (lanes, values) in rows)
            {
                var median = values.Median;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{suite.Name(),-18} {lanes} lane{(lanes == 1 ? " " : "s")} {median,6:0} ({values.Lowest:0}-{values.Highest:0}) · {one / median:0.00} x one lane"));
            }
        }

        return 0;
    }

    private static double Measure(CipherSuite suite, int lanes)
    {
        var (left, right) = (StaticKeyPair.Generate(SystemEntropy.Instance), StaticKeyPair.Generate(SystemEntropy.Instance));
        var (leftBox, rightBox) = (new Outbox(), new Outbox());
        var from = new TunnelTable(left, SystemEntropy.Instance, leftBox, lanes: lanes);
        var to = new TunnelTable(right, SystemEntropy.Instance, rightBox, lanes: lanes);
        var (there, back) = (from.Add(right.Public, TunnelKind.Ntm), to.Add(left.Public, TunnelKind.Ntm));
        var suites = suite == CipherSuite.Aes256Gcm ? CipherSuites.Aes256Gcm : CipherSuites.None;
        there.Suites = back.Suites = new(suites, suites);
        there.SendPath = back.SendPath = new WirePath(0, RealAddress.FromIPv4(0xC0000201, 4916), 0);
        using var threads = lanes > 1 ? new Lanes(lanes - 1, "benchmark") : null;
        var now = BootClock.Now;
        from.Begin(now, there);
        for (var i = 0; i < 3; i++)
        {
            Hand(leftBox, to);
            Hand(rightBox, from);
        }

        var batch = new PacketBatch();
        var inner = new byte[Length];
        inner[0] = 0x60;
        inner[4] = (Length - 40) >> 8;
        inner[5] = (Length - 40) & 0xff;
        Turn(100);
        var start = Stopwatch.GetTimestamp();
        Turn(Batches);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Batches / Limits.BatchSlots;

        void Turn(int batches)
        {
            for (var n = 0; n < batches; n++)
            {
                batch.Clear();
                for (var i = 0; i < Limits.BatchSlots; i++)
                {
                    var packet = batch.Add();
                    packet.Fill(inner);
                    from.Seal(now, there, packet, mayWait: true);
                }

                Do(from.LeftToSeal);
                Do(to.OpenAhead(now, batch));
                for (var i = 0; i < Limits.BatchSlots; i++)
                {
                    if (to.Open(now, batch[i], out _) != OpenVerdict.Data)
                    {
                        throw new InvalidOperationException("A packet was refused.");
                    }
                }
            }
        }

        void Do(IBatchWork? work)
        {
            if (work is not null)
            {
                threads!.Run(work);
            }
        }

        void Hand(Outbox outbox, TunnelTable table)
        {
            var packet = new Packet();
            while (outbox.TryTakeDatagram(out _, out var datagram))
            {
                packet.Fill(datagram);
                packet.Path = there.SendPath;
                table.Open(now, packet, out _);
            }
        }
    }
}
