using System.Diagnostics;
using System.Globalization;
using Ntm.Crypto;

namespace Ntm.Benchmarks;

/// <summary>What sealing and opening one packet cost: the largest part of a packet's way.</summary>
internal static class CipherBenchmark
{
    public static int Run()
    {
        foreach (var length in new[] { 16, 64, 512, 1424 })
        {
            using var cipher = new ChaCha20Poly1305(new byte[ChaCha20Poly1305.KeySize]);
            var (text, tag) = (new byte[length], new byte[ChaCha20Poly1305.TagSize]);
            var counter = 0UL;
            var seal = Best(() => cipher.Seal(counter++, default, text, tag));
            var sealedText = new byte[length];
            cipher.Seal(7, default, sealedText, tag);
            var open = Best(() =>
            {
                sealedText.CopyTo(text, 0);
                cipher.TryOpen(7, default, text, tag);
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{length,5} bytes: seal {seal:0} ns, copy and open {open:0} ns"));
        }

        return 0;
    }

    // The best of several short rounds: what else the machine does only adds.
    private static double Best(Action once)
    {
        const int times = 20_000;
        var best = double.MaxValue;
        for (var round = 0; round < 15; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < times; i++)
            {
                once();
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / times);
        }

        return best;
    }
}
