using System.Diagnostics;
using System.Globalization;
using Ntm.Benchmarks.Report;
using Ntm.Crypto;

namespace Ntm.Benchmarks;

/// <summary>What sealing and opening one packet cost, by suite: the largest part of a packet's way. Rounds of all contestants are interleaved.</summary>
internal static class CipherBenchmark
{
    public const string Usage = """
        cipher                   what sealing and opening a packet costs, by suite
          --write FILE           put the report into this page
        """;

    private const int Rounds = 25, WarmUpRounds = 25, Times = 4_000;

    private static readonly (string Name, Func<PacketCipher> Make)[] s_contestants =
    [
        ("ChaCha20-Poly1305, libcrypto", () => new PacketCipher(CipherSuite.ChaCha20Poly1305, new byte[PacketCipher.KeySize])),
        ("AES-256-GCM, libcrypto", () => new PacketCipher(CipherSuite.Aes256Gcm, new byte[PacketCipher.KeySize])),
    ];

    /// <param name="page">Where the report goes besides; null: nowhere.</param>
    public static int Run(string? page)
    {
        var table = new Table("", "bytes", "seal, ns", "copy and open, ns", "both, times faster than the first", "bytes allocated");
        foreach (var length in new[] { 16, 64, 512, 1424 })
        {
            Measure(table, length);
        }

        Page.Publish(page, new Section("Cipher")
            .Say("""
                Nanoseconds for sealing one packet in place, and for copying and opening one: median (lowest-highest) of interleaved rounds; and the bytes that a packet makes either allocate.
                """ + (CipherHardware.HasAes ? "" : " This processor has no instructions for AES."))
            .Quote(Machine.Command("cipher"))
            .Show(table)
            .Say($"{Machine.Today()}: {Machine.Describe()}."));
        return 0;
    }

    private static void Measure(Table table, int length)
    {
        var ciphers = s_contestants.Select(contestant => contestant.Make()).ToArray();
        var found = ciphers.Select(_ => (Seal: new Sample(), Open: new Sample(), Both: new Sample(), Allocated: new Sample())).ToArray();
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            for (var i = 0; i < ciphers.Length; i++)
            {
                var (seal, open, allocated) = Once(ciphers[i], length);
                if (round >= 0)
                {
                    found[i].Seal.Add(seal);
                    found[i].Open.Add(open);
                    found[i].Both.Add(seal + open);
                    found[i].Allocated.Add(allocated);
                }
            }
        }

        for (var i = 0; i < ciphers.Length; i++)
        {
            table.Add(
                s_contestants[i].Name, length.ToString(CultureInfo.InvariantCulture), found[i].Seal.Show("0"), found[i].Open.Show("0"), Sample.Ratios(found[0].Both, found[i].Both).Middle(),
                found[i].Allocated.Middle("0"));
            ciphers[i].Dispose();
        }
    }

    private static (double Seal, double Open, double Allocated) Once(PacketCipher cipher, int length)
    {
        var (packet, opened) = (new byte[length + PacketCipher.TagSize], new byte[length + PacketCipher.TagSize]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            cipher.Seal((ulong)i, packet.AsSpan(0, length), packet.AsSpan(length));
        }

        var seal = Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times;
        cipher.Seal(7, packet.AsSpan(0, length), packet.AsSpan(length));
        start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            packet.CopyTo(opened, 0);
            if (!cipher.TryOpen(7, opened.AsSpan(0, length), opened.AsSpan(length)))
            {
                throw new InvalidOperationException("What was sealed was not opened.");
            }
        }

        return (seal, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Times);
    }
}
