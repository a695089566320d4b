using System.Security.Cryptography;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>
/// The one thing a relay can check of what it forwards: the mac1 of a handshake message (WireGuard whitepaper section 5.4.4). It shows that the
/// sender knows the receiver's public key, no more; so it binds a leg for seconds only.
/// </summary>
internal static class Mac1
{
    /// <summary>The key of mac1 in messages to the party with this public key: initiations to a responder, responses to an initiator alike.</summary>
    public static byte[] KeyFor(PublicKey receiver)
    {
        var key = new byte[Blake2s.Size];
        Span<byte> bytes = stackalloc byte[PublicKey.Size];
        receiver.CopyTo(bytes);
        Blake2s.Hash("mac1----"u8, bytes, key);
        return key;
    }

    /// <summary>Whether this is an initiation or response whose mac1 fits the key. Its relay channel is taken for zero, as when it was made.</summary>
    public static bool Fits(ReadOnlySpan<byte> key, ReadOnlySpan<byte> datagram)
    {
        var covered = TunnelMessage.Classify(datagram) switch
        {
            TunnelMessage.Initiation => TunnelMessage.InitiationMac1,
            TunnelMessage.Response => TunnelMessage.ResponseMac1,
            _ => 0,
        };
        if (covered == 0)
        {
            return false;
        }

        Span<byte> copy = stackalloc byte[TunnelMessage.InitiationMac1];
        copy = copy[..covered];
        datagram[..covered].CopyTo(copy);
        TunnelMessage.WriteChannel(copy, 0);
        Span<byte> mac = stackalloc byte[TunnelMessage.MacSize];
        Blake2s.Mac16(key, copy, mac);
        return CryptographicOperations.FixedTimeEquals(mac, datagram.Slice(covered, TunnelMessage.MacSize));
    }
}
