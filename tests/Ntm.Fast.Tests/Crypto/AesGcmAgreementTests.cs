namespace Ntm.Fast.Tests.Crypto;

/// <summary>AES-256-GCM from the processor's instructions against libcrypto's, with random keys, nonces, texts and places in memory.</summary>
public sealed class AesGcmAgreementTests
{
    [AesInstructionsFact]
    public void Every_length_of_a_packet_comes_out_as_from_libcrypto()
    {
        var random = new Random(20250711);
        using var pair = new AesGcmPair(random);
        for (var length = 0; length <= 2_100; length++)
        {
            pair.Try(length, associatedLength: 0);
            pair.Try(length, random.Next(1, 50));
        }
    }

    [AesInstructionsFact]
    public void A_hundred_thousand_packets_come_out_as_from_libcrypto()
    {
        var random = new Random(38);
        for (var keys = 0; keys < 100; keys++)
        {
            using var pair = new AesGcmPair(random);
            pair.Try(random.Next(65_536), associatedLength: 0);
            for (var i = 1; i < 1_000; i++)
            {
                pair.Try(i % 2 == 0 ? random.Next(160) : random.Next(2_001), i % 4 == 0 ? random.Next(40) : 0);
            }
        }
    }
}
