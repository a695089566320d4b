using Google.Protobuf;
using Ntm.Crypto;

namespace Ntm.Signalling.Trust;

/// <summary>
/// A share's door: what its node tells its coordinators of it, so that they know an acceptance of it when they see one (docs/protocol.md section 4). It is a digest, so that of a share
/// that nobody has used it tells no more than that there is one.
/// </summary>
public static class ShareDoor
{
    /// <summary>Bytes.</summary>
    public const int Size = 16;

    private static ReadOnlySpan<byte> Context => "ntm door 1\0"u8;

    /// <param name="share">The share's public key.</param>
    /// <param name="number">The number of the device that is shared; 0: the node itself.</param>
    /// <param name="owner">The key of the owner who has accepted it; null: nobody yet.</param>
    public static ByteString Of(ByteString share, ushort number, ByteString? owner)
    {
        Span<byte> input = stackalloc byte[Ed25519.Size + sizeof(ushort) + Ed25519.Size];
        input.Clear();
        share.Span[..Ed25519.Size].CopyTo(input);
        BitConverter.TryWriteBytes(input[Ed25519.Size..], number);
        owner?.Span[..Ed25519.Size].CopyTo(input[(Ed25519.Size + sizeof(ushort))..]);
        Span<byte> hash = stackalloc byte[Blake2s.Size];
        Blake2s.Hash(Context, input, hash);
        return ByteString.CopyFrom(hash[..Size]);
    }
}
