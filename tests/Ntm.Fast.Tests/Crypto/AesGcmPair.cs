using Ntm.Crypto;
using Ntm.Crypto.AesGcm;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>Our AES-256-GCM and libcrypto's under one key: everything is done with both, and must come out alike.</summary>
internal sealed class AesGcmPair : IDisposable
{
    private const int LongestText = 65_536;
    private const int LongestAssociated = 64;
    private const int MostShifted = 64;

    private readonly Random _random;
    private readonly AesGcm256 _ours;
    private readonly LibCipher _theirs;
    private readonly byte[] _nonce = new byte[AesGcm256.NonceSize];
    private readonly byte[] _associated = new byte[LongestAssociated];
    private readonly byte[] _plain = new byte[LongestText];
    private readonly byte[] _text = new byte[MostShifted + LongestText + AesGcm256.TagSize + 1];
    private readonly byte[] _expected = new byte[LongestText + AesGcm256.TagSize];

    internal AesGcmPair(Random random)
    {
        _random = random;
        var key = new byte[AesGcm256.KeySize];
        random.NextBytes(key);
        _ours = new AesGcm256(key);
        _theirs = new LibCipher(Algorithms.Aes256Gcm, key);
    }

    // One packet, somewhere in memory, its tag right behind it: sealed by both, opened by both, and refused by both with a bit turned.
    internal void Try(int length, int associatedLength)
    {
        _random.NextBytes(_nonce);
        var associated = _associated.AsSpan(0, associatedLength);
        var plain = _plain.AsSpan(0, length);
        _random.NextBytes(associated);
        _random.NextBytes(plain);
        var shift = _random.Next(MostShifted);
        var all = _text.AsSpan(shift, length + AesGcm256.TagSize);
        var text = all[..length];
        var tag = all[length..];
        ref var behind = ref _text[shift + all.Length];
        var expected = _expected.AsSpan(0, all.Length);
        var what = $"text {length}, associated data {associatedLength}, shifted by {shift}";

        plain.CopyTo(expected);
        _theirs.Seal(_nonce, associated, expected[..length], expected[length..]);
        plain.CopyTo(text);
        behind = 0xa5;
        _ours.Seal(_nonce, associated, text, tag);
        Assert.True(expected.SequenceEqual(all), $"sealing: {what}");

        Assert.True(_ours.TryOpen(_nonce, associated, text, tag), $"opening: {what}");
        Assert.True(plain.SequenceEqual(text), $"opened: {what}");
        Assert.Equal(0xa5, behind);

        var bit = _random.Next(all.Length * 8);
        expected.CopyTo(all);
        all[bit / 8] ^= (byte)(1 << (bit % 8));
        expected[bit / 8] ^= (byte)(1 << (bit % 8));
        Assert.False(_ours.TryOpen(_nonce, associated, text, tag), $"bit {bit} turned: {what}");
        Assert.False(_theirs.TryOpen(_nonce, associated, expected[..length], expected[length..]), $"bit {bit} turned: {what}");
        Assert.True(text.IndexOfAnyExcept((byte)0) < 0, $"not zeroed: {what}");
        Assert.Equal(0xa5, behind);
    }

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
    }
}
