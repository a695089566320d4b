using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// The session keys of one handshake: a key each way, the counter of what was sealed, the window of what was opened, and when it was made, from
/// which follows until when it serves (whitepaper section 6).
/// </summary>
internal sealed class Keypair : IDisposable
{
    private readonly ulong _rekeyAfter;
    private readonly ulong _rejectAfter;
    private ulong _sent;

    public Keypair(CipherSuite suite, ReadOnlySpan<byte> sendKey, ReadOnlySpan<byte> receiveKey, uint localIndex, uint remoteIndex, bool isInitiator, TimeSpan made,
        KeypairOptions options)
    {
        Sealer = new PacketCipher(suite, sendKey, options.Lanes, options.Aes);
        Opener = new PacketCipher(suite, receiveKey, options.Lanes, options.Aes);
        (_rekeyAfter, _rejectAfter) = suite == CipherSuite.Aes256Gcm
            ? (Limits.RekeyAfterMessagesAes, Limits.RejectAfterMessagesAes)
            : (Limits.RekeyAfterMessages, Limits.RejectAfterMessages);
        Window = new ReplayWindow(options.ReplayWindow);
        (LocalIndex, RemoteIndex, IsInitiator, Made) = (localIndex, remoteIndex, isInitiator, made);
    }

    public PacketCipher Sealer { get; }

    public PacketCipher Opener { get; }

    public ReplayWindow Window { get; }

    /// <summary>The receiver index the peer writes.</summary>
    public uint LocalIndex { get; }

    /// <summary>The receiver index we write.</summary>
    public uint RemoteIndex { get; }

    public bool IsInitiator { get; }

    /// <summary>Something other than a keep-alive came since the last report.</summary>
    public bool IsUnreported { get; set; }

    /// <summary>Boot time.</summary>
    public TimeSpan Made { get; }

    /// <summary>How many datagrams were sealed.</summary>
    public ulong Sent
    {
        get => _sent;
        internal set => _sent = value;
    }

    public TimeSpan Age(TimeSpan boot) => boot - Made;

    public bool MayOpen(TimeSpan boot, ulong counter) => Age(boot) < Limits.RejectAfterTime && counter < _rejectAfter;

    public bool MaySeal(TimeSpan boot) => Age(boot) < Limits.RejectAfterTime && _sent < _rejectAfter;

    /// <summary>Whether what was just sent is reason for a new handshake. Time is the initiator's business only, or both would begin at once.</summary>
    public bool IsStaleToSend(TimeSpan boot) => _sent >= _rekeyAfter || (IsInitiator && Age(boot) >= Limits.RekeyAfterTime);

    /// <summary>Whether the initiator, who only receives, must renew the key before it ends.</summary>
    public bool IsStaleToReceive(TimeSpan boot) =>
        IsInitiator && Age(boot) >= Limits.RejectAfterTime - Limits.KeepAliveTimeout - Limits.RekeyTimeout;

    /// <summary>The counter of the next datagram. A counter is never handed out twice.</summary>
    public ulong NextCounter() => _sent++;

    public void Dispose()
    {
        Sealer.Dispose();
        Opener.Dispose();
    }
}
