using System.Buffers.Binary;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// What both ends of a tunnel have by way of cipher suites: our own, which we know, and the peer's as signalling told it. The suite follows from the two alone.
/// Both are mixed into the handshake, so that one that was told something else, whoever altered it, ends without a key (docs/protocol.md section 1).
/// </summary>
/// <param name="Own">This end's.</param>
/// <param name="Peers">The other end's.</param>
public readonly record struct SuiteAgreement(CipherSuites Own, CipherSuites Peers)
{
    private static ReadOnlySpan<byte> Context => "ntm suites 1\0"u8;

    /// <summary>The best that both have.</summary>
    public CipherSuite Chosen => Own.HasAes256Gcm && Peers.HasAes256Gcm ? CipherSuite.Aes256Gcm : CipherSuite.ChaCha20Poly1305;

    /// <summary>The handshake's pre-shared key: the tunnel's with both ends' suites mixed in; the tunnel's as it is where neither has any, as in WireGuard.</summary>
    /// <param name="presharedKey">The tunnel's, 32 bytes; zeroes where there is none.</param>
    /// <param name="bound">32 bytes.</param>
    internal void Bind(ReadOnlySpan<byte> presharedKey, bool ownIsInitiator, Span<byte> bound)
    {
        if (Own == CipherSuites.None && Peers == CipherSuites.None)
        {
            presharedKey.CopyTo(bound);
            return;
        }

        Span<byte> suites = stackalloc byte[2 * sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(suites, ownIsInitiator ? Own.Bits : Peers.Bits);
        BinaryPrimitives.WriteUInt32LittleEndian(suites[sizeof(uint)..], ownIsInitiator ? Peers.Bits : Own.Bits);
        Blake2s.Hmac(presharedKey, Context, suites, bound);
    }
}
