using System.Diagnostics;
using System.Globalization;
using Ntm.Crypto;

namespace Ntm.Benchmarks;

/// <summary>What sealing and opening one packet cost, by suite: the largest part of a packet's way. Rounds of all contestants are interleaved.</summary>
internal static class CipherBenchmark
{
    // Rounds are short, so that few of them are interrupted by whatever else runs.
    private const int Rounds = 401;
    private const int WarmUpRounds = 400;
    private const int Times = 250;

    private static readonly (string Name, CipherSuite Suite, AesGcmSource Source)[] s_contestants =
    [
        ("ChaCha20-Poly1305, libcrypto", CipherSuite.ChaCha20Poly1305, AesGcmSource.Library),
        ("AES-256-GCM, libcrypto", CipherSuite.Aes256Gcm, AesGcmSource.Library),
        ("AES-256-GCM, instructions", CipherSuite.Aes256Gcm, AesGcmSource.Instructions),
    ];

    public static int Run()
    {
        if (!CipherHardware.HasAes)
        {
            Console.WriteLine("This processor has no instructions for AES: what is called so is libcrypto's.");
        }

        Console.WriteLine($"Nanoseconds a packet, median (10th to 90th percentile) of {Rounds} rounds, in brackets how many times faster than ChaCha20-Poly1305 and than libcrypto's AES-256-GCM.");
        foreach (var length in new[] { 16, 64, 512, 1424 })
        {
            Measure(length);
        }

        return 0;
    }

    private static void Measure(int length)
    {
        var ciphers = s_contestants.Select(c => new PacketCipher(c.Suite, new byte[PacketCipher.KeySize], aes: c.Source)).ToArray();
        var seals = ciphers.Select(_ => new double[Rounds]).ToArray();
        var opens = ciphers.Select(_ => new double[Rounds]).ToArray();
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            for (var i = 0; i < ciphers.Length; i++)
            {
                var (seal, open) = Once(ciphers[i], length);
                if (round >= 0)
                {
                    (seals[i][round], opens[i][round]) = (seal, open);
                }
            }
        }

        foreach (var times in seals.Concat(opens))
        {
            Array.Sort(times);
        }

        for (var i = 0; i < ciphers.Length; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{length,5} bytes  {s_contestants[i].Name,-28}  seal {Text(seals, i)}  copy and open {Text(opens, i)}"));
            ciphers[i].Dispose();
        }
    }

    private static (double Seal, double Open) Once(PacketCipher cipher, int length)
    {
        var packet = new byte[length + PacketCipher.TagSize];
        var (text, tag) = (packet.AsMemory(0, length), packet.AsMemory(length));
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            cipher.Seal((ulong)i, text.Span, tag.Span);
        }

        var seal = Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times;
        cipher.Seal(7, text.Span, tag.Span);
        var opened = new byte[packet.Length];
        start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            packet.CopyTo(opened, 0);
            if (!cipher.TryOpen(7, opened.AsSpan(0, length), opened.AsSpan(length)))
            {
                throw new InvalidOperationException("What was sealed was not opened.");
            }
        }

        return (seal, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times);
    }

    private static string Text(double[][] times, int i)
    {
        double Median(int contestant) => times[contestant][Rounds / 2];
        return string.Create(CultureInfo.InvariantCulture, $"{Median(i),5:0} ({times[i][Rounds / 10]:0} to {times[i][Rounds * 9 / 10]:0}) [{Median(0) / Median(i):0.00}, {Median(1) / Median(i):0.00}]");
    }
}
