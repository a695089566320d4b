using System.Buffers.Binary;
using System.Security.Cryptography;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>What is done with a handshake message before anything costly.</summary>
internal enum Admission
{
    Admitted,

    /// <summary>Under load, and no good mac2: it is to be answered by a cookie reply.</summary>
    CookieWanted,

    /// <summary>Under load, good mac2, but this source has had its share.</summary>
    TooMany,
}

/// <summary>
/// The door before the handshake (whitepaper sections 5.3 and 5.4.4 to 5.4.7): mac1 shows that the sender knows our key; under load mac2 shows that it
/// receives at the address it sends from, and each source gets a share. Nothing here is kept per message.
/// </summary>
internal sealed class Cookies
{
    private const int CookieSize = TunnelMessage.MacSize;
    private const int CookieReplyNonce = 8;
    private const int CookieReplyCookie = CookieReplyNonce + XChaCha20Poly1305.NonceSize;

    // How long after the last excess we still count as loaded (WireGuard: 1 s).
    private static readonly TimeSpan LoadLinger = TimeSpan.FromSeconds(1);

    private readonly IEntropy _entropy;
    private readonly byte[] _mac1Key;
    private readonly byte[] _replyKey;
    private readonly byte[] _secret = new byte[Blake2s.Size];
    private readonly SourceLimits _sources = new();
    private TimeSpan? _secretMade;
    private RateBucket _all;
    private TimeSpan? _loadedUntil;

    public Cookies(PublicKey own, IEntropy entropy)
    {
        _entropy = entropy;
        _mac1Key = LabelledKey("mac1----"u8, own);
        _replyKey = LabelledKey("cookie--"u8, own);
        _all = RateBucket.Full(Limits.HandshakesPerSecondBeforeLoad);
    }

    /// <summary>The key of mac1 ("mac1----") or of cookie replies ("cookie--") for messages to, or replies from, the owner of the public key.</summary>
    public static byte[] LabelledKey(ReadOnlySpan<byte> label, PublicKey owner)
    {
        var key = new byte[Blake2s.Size];
        Span<byte> publicKey = stackalloc byte[PublicKey.Size];
        owner.CopyTo(publicKey);
        Blake2s.Hash(label, publicKey, key);
        return key;
    }

    /// <summary>Writes mac1 over all that comes before it.</summary>
    public static void WriteMac1(ReadOnlySpan<byte> key, Span<byte> message, int offset) =>
        Blake2s.Mac16(key, message[..offset], message.Slice(offset, TunnelMessage.MacSize));

    /// <summary>Writes mac2, which is always last, over all that comes before it.</summary>
    public static void WriteMac2(ReadOnlySpan<byte> cookie, Span<byte> message) =>
        Blake2s.Mac16(cookie, message[..^TunnelMessage.MacSize], message[^TunnelMessage.MacSize..]);

    /// <summary>Whether mac1 is for our key.</summary>
    public bool HasMac1(ReadOnlySpan<byte> message, int offset)
    {
        Span<byte> mac = stackalloc byte[TunnelMessage.MacSize];
        Blake2s.Mac16(_mac1Key, message[..offset], mac);
        return CryptographicOperations.FixedTimeEquals(mac, message.Slice(offset, TunnelMessage.MacSize));
    }

    /// <summary>Judges a message with good mac1. Each call counts towards the load.</summary>
    public Admission Judge(TimeSpan boot, ReadOnlySpan<byte> message, WirePath path)
    {
        if (!_all.TryTake(boot, Limits.HandshakesPerSecondBeforeLoad, Limits.HandshakesPerSecondBeforeLoad))
        {
            _loadedUntil = boot + LoadLinger;
        }

        if (!(boot < _loadedUntil))
        {
            return Admission.Admitted;
        }

        if (!HasMac2(boot, message, path))
        {
            return Admission.CookieWanted;
        }

        return _sources.TryTake(boot, path) ? Admission.Admitted : Admission.TooMany;
    }

    /// <summary>Writes the cookie reply to a message (64 bytes).</summary>
    public void WriteReply(TimeSpan boot, ReadOnlySpan<byte> message, int mac1Offset, WirePath path, Span<byte> reply)
    {
        reply.Clear();
        reply[0] = TunnelMessage.CookieReply;
        BinaryPrimitives.WriteUInt32LittleEndian(reply[4..], Handshake.SenderOf(message));
        var nonce = reply.Slice(CookieReplyNonce, XChaCha20Poly1305.NonceSize);
        var cookie = reply.Slice(CookieReplyCookie, CookieSize);
        _entropy.Fill(nonce);
        MakeCookie(boot, path, cookie);
        XChaCha20Poly1305.Seal(_replyKey, nonce, message.Slice(mac1Offset, TunnelMessage.MacSize), cookie, reply[(CookieReplyCookie + CookieSize)..]);
    }

    /// <summary>The receiver index of a cookie reply: the sender's of the message it answers.</summary>
    public static uint ReceiverOf(ReadOnlySpan<byte> reply) => BinaryPrimitives.ReadUInt32LittleEndian(reply[4..]);

    /// <summary>Opens a cookie reply.</summary>
    /// <param name="key">The reply key of its sender.</param>
    /// <param name="mac1">Of the message it answers.</param>
    /// <param name="cookie">16 bytes.</param>
    public static bool TryOpenReply(ReadOnlySpan<byte> key, ReadOnlySpan<byte> mac1, ReadOnlySpan<byte> reply, Span<byte> cookie)
    {
        reply.Slice(CookieReplyCookie, CookieSize).CopyTo(cookie);
        return XChaCha20Poly1305.TryOpen(key, reply.Slice(CookieReplyNonce, XChaCha20Poly1305.NonceSize), mac1, cookie,
            reply[(CookieReplyCookie + CookieSize)..]);
    }

    private bool HasMac2(TimeSpan boot, ReadOnlySpan<byte> message, WirePath path)
    {
        Span<byte> cookie = stackalloc byte[CookieSize];
        Span<byte> mac = stackalloc byte[TunnelMessage.MacSize];
        MakeCookie(boot, path, cookie);
        Blake2s.Mac16(cookie, message[..^TunnelMessage.MacSize], mac);
        return CryptographicOperations.FixedTimeEquals(mac, message[^TunnelMessage.MacSize..]);
    }

    // A cookie is a MAC over the source under a secret that lives two minutes: nothing to remember.
    private void MakeCookie(TimeSpan boot, WirePath path, Span<byte> cookie)
    {
        if (_secretMade is not { } made || boot - made >= Limits.CookieLifetime)
        {
            _entropy.Fill(_secret);
            _secretMade = boot;
        }

        Span<byte> source = stackalloc byte[22];
        BinaryPrimitives.WriteUInt64BigEndian(source, path.Remote.High);
        BinaryPrimitives.WriteUInt64BigEndian(source[8..], path.Remote.Low);
        BinaryPrimitives.WriteUInt16BigEndian(source[16..], path.Remote.Port);
        BinaryPrimitives.WriteUInt32BigEndian(source[18..], path.Channel);
        Blake2s.Mac16(_secret, source, cookie);
    }
}
