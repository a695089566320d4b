using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Report;
using Ntm.Crypto;

namespace Ntm.Benchmarks;

/// <summary>What sealing and opening one packet cost: the largest part of a packet's way.</summary>
internal static class CipherBenchmark
{
    private const int Times = 20_000, Rounds = 15;

    public const string Usage = """
        cipher                   what sealing and opening a packet costs
          --write FILE           put the report into this page
        """;

    /// <param name="page">Where the report goes besides; null: nowhere.</param>
    public static int Run(string? page)
    {
        var section = Measure();
        Page.Publish(page, section);
        return 0;
    }

    private static Section Measure()
    {
        var table = new Table("", "bytes", "seal, ns", "copy and open, ns", "bytes allocated");
        foreach (var length in new[] { 16, 64, 512, 1424 })
        {
            using var cipher = new ChaCha20Poly1305(new byte[ChaCha20Poly1305.KeySize]);
            Add(table, "ChaCha20-Poly1305", length, (counter, text, tag) => cipher.Seal(counter, default, text, tag), (counter, text, tag) => cipher.TryOpen(counter, default, text, tag));
        }

        return new Section("Cipher")
            .Say("Sealing and opening one packet in place, the best of many short rounds, and the bytes that one of each allocates.")
            .Quote(Machine.Command("cipher"))
            .Show(table)
            .Say($"{Machine.Today()}: {Machine.Describe()}.");
    }

    private static void Add(Table table, string name, int length, Action<ulong, byte[], byte[]> seal, Action<ulong, byte[], byte[]> open)
    {
        var (text, tag, sealedText, counter) = (new byte[length], new byte[ChaCha20Poly1305.TagSize], new byte[length], 0UL);
        var sealing = Best(() => seal(counter++, text, tag));
        seal(7, sealedText, tag);
        var opening = Best(() =>
        {
            sealedText.CopyTo(text, 0);
            open(7, text, tag);
        });
        table.Add(name, Show(length), Show(sealing.Nanoseconds), Show(opening.Nanoseconds), Show(sealing.Allocated + opening.Allocated));
    }

    // The best of several short rounds: what else the machine does only adds.
    private static (double Nanoseconds, double Allocated) Best(Action once)
    {
        var (best, least) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            for (var i = 0; i < Times; i++)
            {
                once();
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times);
            least = Math.Min(least, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Times);
        }

        return (best, least);
    }

    private static string Show(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
