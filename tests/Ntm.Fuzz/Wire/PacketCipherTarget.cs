using System.Buffers.Binary;
using Ntm.Crypto;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// AES-256-GCM from the processor's instructions and libcrypto's, side by side. Byte 0: which of 16 keys, and how often the text is repeated; byte 1: where in
/// memory it lies; byte 2 and 3: which bit is turned; 8 bytes: the counter. Then the text.
/// </summary>
public sealed class PacketCipherTarget : Target
{
    private const int HeaderSize = 12;
    private const int Keys = 16;
    private const int MostRepeated = 16;
    private const int MostShifted = 64;
    private const int LongestText = 2_100;

    private readonly PacketCipher[] _ours = [.. Enumerable.Range(0, Keys).Select(k => new PacketCipher(CipherSuite.Aes256Gcm, Key(k), aes: AesGcmSource.Instructions))];
    private readonly PacketCipher[] _theirs = [.. Enumerable.Range(0, Keys).Select(k => new PacketCipher(CipherSuite.Aes256Gcm, Key(k), aes: AesGcmSource.Library))];
    private readonly byte[] _plain = new byte[MostRepeated * LongestText];
    private readonly byte[] _packet = new byte[MostShifted + (MostRepeated * LongestText) + PacketCipher.TagSize];
    private readonly byte[] _expected = new byte[(MostRepeated * LongestText) + PacketCipher.TagSize];

    public override string Name => "packet-cipher";

    public override string Law => "PacketCipher: by instructions and by libcrypto, the same sealed bytes, the same opened ones, the same refusals";

    public override int LongestInput => HeaderSize + LongestText;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
        from length in new[] { 0, 1, 16, 112, 113, 128, 1_424, 2_000 }
        select ($"text-{length}", (byte[])[(byte)length, (byte)(length * 7), 0, 3, 0, 0, 0, 0, 0, 0, 1, 2, .. Enumerable.Range(0, length).Select(i => (byte)i)]);

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.Length < HeaderSize)
        {
            return 0;
        }

        var ours = _ours[input[0] % Keys];
        var theirs = _theirs[input[0] % Keys];
        var counter = BinaryPrimitives.ReadUInt64BigEndian(input[4..]);
        var length = 0;
        for (var times = 1 + (input[0] / Keys); times > 0; times--)
        {
            input[HeaderSize..].CopyTo(_plain.AsSpan(length));
            length += input.Length - HeaderSize;
        }

        var plain = _plain.AsSpan(0, length);
        var packet = _packet.AsSpan(input[1] % MostShifted, length + PacketCipher.TagSize);
        var expected = _expected.AsSpan(0, packet.Length);

        // Taken for sealed, it fits nothing.
        plain.CopyTo(packet);
        plain.CopyTo(expected);
        packet[length..].Fill(input[3]);
        expected[length..].Fill(input[3]);
        Alike(ours, theirs, counter, packet, expected, opens: false);

        plain.CopyTo(packet);
        plain.CopyTo(expected);
        ours.Seal(counter, packet[..length], packet[length..]);
        theirs.Seal(counter, expected[..length], expected[length..]);
        Require(packet.SequenceEqual(expected), "the same text and tag");
        Alike(ours, theirs, counter, packet, expected, opens: true);
        Require(plain.SequenceEqual(packet[..length]), "opening gives what was sealed");

        ours.Seal(counter, packet[..length], packet[length..]);
        packet.CopyTo(expected);
        var bit = BinaryPrimitives.ReadUInt16BigEndian(input[2..]) % (packet.Length * 8);
        packet[bit / 8] ^= (byte)(1 << (bit % 8));
        expected[bit / 8] ^= (byte)(1 << (bit % 8));
        Alike(ours, theirs, counter, packet, expected, opens: false);
        return Math.Min(length, 600);
    }

    private static void Alike(PacketCipher ours, PacketCipher theirs, ulong counter, Span<byte> packet, Span<byte> expected, bool opens)
    {
        var length = packet.Length - PacketCipher.TagSize;
        Require(ours.TryOpen(counter, packet[..length], packet[length..]) == opens, opens ? "what was sealed is opened" : "what was not is refused");
        Require(theirs.TryOpen(counter, expected[..length], expected[length..]) == opens, "libcrypto does the same");
        Require(packet.SequenceEqual(expected), "the same text afterwards");
    }

    private static byte[] Key(int number) => [.. Enumerable.Range(0, PacketCipher.KeySize).Select(i => (byte)((number * 37) + (i * (number + 1))))];
}
