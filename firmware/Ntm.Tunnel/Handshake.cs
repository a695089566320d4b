using System.Buffers.Binary;
using System.Security.Cryptography;
using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// WireGuard's handshake (whitepaper section 5.4): an instance is one of ours that waits for its response; the responder's half needs no waiting and is
/// static. It makes and reads messages and derives keys. It does not decide whether to believe, answer or repeat: that is TunnelTable's.
/// </summary>
internal sealed class Handshake : IDisposable
{
    // Offsets: TunnelMessage's byte boxes.
    private const int Sender = 4;
    private const int InitiationNoise = 8;
    private const int ResponseReceiver = 8;
    private const int ResponseNoise = 12;

    public const int TimestampSize = 12;

    private readonly NoiseState _state;
    private readonly byte[] _ephemeral;

    private Handshake(NoiseState state, byte[] ephemeral, uint localIndex, byte[] message)
    {
        (_state, _ephemeral, LocalIndex, Message) = (state, ephemeral, localIndex, message);
    }

    /// <summary>Whitepaper section 5.4: mixed in as Noise's prologue.</summary>
    public static ReadOnlySpan<byte> Identifier => "WireGuard v1 zx2c4 Jason@zx2c4.com"u8;

    public uint LocalIndex { get; }

    /// <summary>The initiation with mac1; mac2 and channel zero. Repeats are these bytes.</summary>
    public byte[] Message { get; }

    /// <summary>How many of <see cref="Limits.InitiationRepeats"/> have gone out.</summary>
    public int Repeats { get; set; }

    /// <summary>Where it went so far.</summary>
    public List<WirePath> SentOn { get; } = [];

    /// <summary>Makes an initiation. Null where the peer's key is of low order.</summary>
    /// <param name="timestamp">12 bytes, greater than all before.</param>
    public static Handshake? Begin(StaticKeyPair own, Tunnel tunnel, IEntropy entropy, uint localIndex, ReadOnlySpan<byte> timestamp)
    {
        Span<byte> peerPublic = stackalloc byte[PublicKey.Size];
        Span<byte> ownPublic = stackalloc byte[PublicKey.Size];
        tunnel.Peer.CopyTo(peerPublic);
        own.Public.CopyTo(ownPublic);
        var ephemeral = new byte[X25519.Size];
        entropy.Fill(ephemeral);
        var message = new byte[TunnelMessage.InitiationSize];
        message[0] = TunnelMessage.Initiation;
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(Sender), localIndex);
        var state = NoiseState.Start(Identifier, peerPublic);
        if (!NoisePattern.TryWriteFirst(state, ephemeral, ownPublic, peerPublic, tunnel.StaticStatic, timestamp,
            message.AsSpan(InitiationNoise, NoisePattern.FirstOverhead + TimestampSize)))
        {
            state.Dispose();
            return null;
        }

        Cookies.WriteMac1(tunnel.Mac1Key, message, TunnelMessage.InitiationMac1);
        return new Handshake(state, ephemeral, localIndex, message);
    }

    /// <summary>Reads the response to this handshake.</summary>
    /// <returns>The keys; null where it is forged, and then nothing changed.</returns>
    public Keypair? Finish(StaticKeyPair own, Tunnel tunnel, ReadOnlySpan<byte> response, TimeSpan boot, KeypairOptions options)
    {
        using var state = _state.Copy();
        Span<byte> psk = stackalloc byte[NoiseState.Size];
        tunnel.Suites.Bind(tunnel.PresharedKey, ownIsInitiator: true, psk);
        var good = NoisePattern.TryReadSecond(state, _ephemeral, own.Private, psk, response.Slice(ResponseNoise, NoisePattern.SecondOverhead), default);
        CryptographicOperations.ZeroMemory(psk);
        if (!good)
        {
            return null;
        }

        return Split(state, tunnel.Suites.Chosen, LocalIndex, BinaryPrimitives.ReadUInt32LittleEndian(response[Sender..]), true, boot, options);
    }

    /// <summary>Reads an initiation up to the key it claims to come from.</summary>
    /// <param name="state">For the calls that follow; to be disposed of.</param>
    public static bool TryReadClaim(StaticKeyPair own, ReadOnlySpan<byte> initiation, out NoiseState state, out PublicKey claimed)
    {
        Span<byte> peerPublic = stackalloc byte[PublicKey.Size];
        Span<byte> ownPublic = stackalloc byte[PublicKey.Size];
        own.Public.CopyTo(ownPublic);
        state = NoiseState.Start(Identifier, ownPublic);
        if (!NoisePattern.TryReadFirstStatic(state, own.Private, initiation[InitiationNoise..TunnelMessage.InitiationMac1], peerPublic))
        {
            claimed = default;
            return false;
        }

        claimed = new PublicKey(peerPublic);
        return true;
    }

    /// <summary>Reads the rest of an initiation, which shows that the claim is true.</summary>
    public static bool TryReadTimestamp(NoiseState state, ReadOnlySpan<byte> staticStatic, ReadOnlySpan<byte> initiation, Span<byte> timestamp) =>
        NoisePattern.TryReadFirstPayload(state, staticStatic, initiation[InitiationNoise..TunnelMessage.InitiationMac1], timestamp);

    /// <summary>Makes the response, with mac1, and the keys. Null where the initiation's ephemeral key is of low order.</summary>
    /// <param name="state">As <see cref="TryReadTimestamp"/> left it.</param>
    public static Keypair? Respond(NoiseState state, Tunnel tunnel, IEntropy entropy, uint localIndex, ReadOnlySpan<byte> initiation,
        Span<byte> response, TimeSpan boot, KeypairOptions options)
    {
        Span<byte> ephemeral = stackalloc byte[X25519.Size];
        Span<byte> peerPublic = stackalloc byte[PublicKey.Size];
        tunnel.Peer.CopyTo(peerPublic);
        entropy.Fill(ephemeral);
        var remoteIndex = SenderOf(initiation);
        response.Clear();
        response[0] = TunnelMessage.Response;
        BinaryPrimitives.WriteUInt32LittleEndian(response[Sender..], localIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(response[ResponseReceiver..], remoteIndex);
        Span<byte> psk = stackalloc byte[NoiseState.Size];
        tunnel.Suites.Bind(tunnel.PresharedKey, ownIsInitiator: false, psk);
        var good = NoisePattern.TryWriteSecond(state, ephemeral, initiation.Slice(InitiationNoise, X25519.Size), peerPublic, psk, default,
            response.Slice(ResponseNoise, NoisePattern.SecondOverhead));
        CryptographicOperations.ZeroMemory(ephemeral);
        CryptographicOperations.ZeroMemory(psk);
        if (!good)
        {
            return null;
        }

        Cookies.WriteMac1(tunnel.Mac1Key, response, TunnelMessage.ResponseMac1);
        return Split(state, tunnel.Suites.Chosen, localIndex, remoteIndex, false, boot, options);
    }

    /// <summary>The sender's index in an initiation or response.</summary>
    public static uint SenderOf(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt32LittleEndian(message[Sender..]);

    /// <summary>The receiver's index in a response.</summary>
    public static uint ReceiverOf(ReadOnlySpan<byte> response) => BinaryPrimitives.ReadUInt32LittleEndian(response[ResponseReceiver..]);

    public void Dispose()
    {
        _state.Dispose();
        CryptographicOperations.ZeroMemory(_ephemeral);
    }

    private static Keypair Split(NoiseState state, CipherSuite suite, uint localIndex, uint remoteIndex, bool isInitiator, TimeSpan boot, KeypairOptions options)
    {
        Span<byte> initiatorKey = stackalloc byte[NoiseState.Size];
        Span<byte> responderKey = stackalloc byte[NoiseState.Size];
        state.Split(initiatorKey, responderKey);
        var keypair = isInitiator
            ? new Keypair(suite, initiatorKey, responderKey, localIndex, remoteIndex, true, boot, options)
            : new Keypair(suite, responderKey, initiatorKey, localIndex, remoteIndex, false, boot, options);
        CryptographicOperations.ZeroMemory(initiatorKey);
        CryptographicOperations.ZeroMemory(responderKey);
        return keypair;
    }
}
