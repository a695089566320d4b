using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>A party's long-lived X25519 key pair: the node key.</summary>
public sealed class StaticKeyPair
{
    private readonly byte[] _private;

    /// <param name="privateKey">32 bytes; clamped here.</param>
    public StaticKeyPair(ReadOnlySpan<byte> privateKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(privateKey.Length, X25519.Size);
        _private = privateKey.ToArray();
        _private[0] &= 248;
        _private[31] = (byte)((_private[31] & 127) | 64);
        Span<byte> publicKey = stackalloc byte[X25519.Size];
        X25519.PublicKey(_private, publicKey);
        Public = new PublicKey(publicKey);
    }

    public static StaticKeyPair Generate(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[X25519.Size];
        entropy.Fill(bytes);
        return new StaticKeyPair(bytes);
    }

    public PublicKey Public { get; }

    public ReadOnlySpan<byte> Private => _private;
}
