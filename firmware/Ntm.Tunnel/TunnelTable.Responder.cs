using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Tunnel;

// As responder: believing the peer's initiation and answering it; and the door before all handshakes, with its cookies. docs/protocol.md section 1.
public sealed partial class TunnelTable
{
    private OpenVerdict TakeInitiation(Now now, ReadOnlySpan<byte> initiation, WirePath path, out Tunnel? tunnel)
    {
        tunnel = null;
        if (!_cookies.HasMac1(initiation, TunnelMessage.InitiationMac1))
        {
            return Refuse(TunnelRefusals.BadMac1);
        }

        if (_heard.TryGetValue(HeardInitiation.Mac1Of(initiation), out var of) && of.Heard is { } heard && heard.IsRepeatedBy(initiation, now.Boot))
        {
            tunnel = of;
            if (heard.Response is { } again)
            {
                SendHandshake(now, of, again, path);
            }

            return OpenVerdict.Handshake;
        }

        if (!Admit(now, initiation, TunnelMessage.InitiationMac1, path))
        {
            return OpenVerdict.Refused;
        }

        Span<byte> timestamp = stackalloc byte[Handshake.TimestampSize];
        var known = Handshake.TryReadClaim(Key, initiation, out var state, out var claimed);
        using (state)
        {
            if (!known)
            {
                return Refuse(TunnelRefusals.Forged);
            }

            if (claimed == Key.Public)
            {
                return Refuse(TunnelRefusals.OwnKey);
            }

            if (!TryReadTimestamp(state, claimed, initiation, timestamp))
            {
                return Refuse(TunnelRefusals.Forged);
            }

            tunnel = Find(claimed) ?? OnUnknownPeer?.Invoke(now, claimed, path);
            if (tunnel is null)
            {
                return Refuse(TunnelRefusals.UnknownPeer);
            }

            if (tunnel.Kind == TunnelKind.Stock && path.IsRelayed)
            {
                return Refuse(TunnelRefusals.StockChannel);
            }

            if (timestamp.SequenceCompareTo(tunnel.LastTimestamp) <= 0)
            {
                return Refuse(TunnelRefusals.ReplayedInitiation);
            }

            if (tunnel.InitiationHeard is { } last && now.Boot - last < Limits.InitiationSpacing)
            {
                return Refuse(TunnelRefusals.InitiationFlood);
            }

            timestamp.CopyTo(tunnel.LastTimestamp);
            tunnel.InitiationHeard = now.Boot;
            tunnel.BytesReceived += initiation.Length;
            return tunnel.Kind == TunnelKind.Ntm && tunnel.Pending is { } own && Key.Public < tunnel.Peer
                ? KeepOwn(now, tunnel, own, initiation, path)
                : Respond(now, tunnel, state, initiation, path);
        }
    }

    private bool TryReadTimestamp(NoiseState state, PublicKey claimed, ReadOnlySpan<byte> initiation, Span<byte> timestamp)
    {
        if (Find(claimed) is { } tunnel)
        {
            return tunnel.IsUsable && Handshake.TryReadTimestamp(state, tunnel.StaticStatic, initiation, timestamp);
        }

        Span<byte> peerPublic = stackalloc byte[PublicKey.Size];
        Span<byte> staticStatic = stackalloc byte[X25519.Size];
        claimed.CopyTo(peerPublic);
        return X25519.TryAgree(Key.Private, peerPublic, staticStatic) && Handshake.TryReadTimestamp(state, staticStatic, initiation, timestamp);
    }

    // Both began, and ours is of the lower key: the peer's is ignored. But its path is one on which the peer can be heard, and perhaps ours never
    // reached it where we sent: so ours goes there, too.
    private OpenVerdict KeepOwn(Now now, Tunnel tunnel, Handshake own, ReadOnlySpan<byte> initiation, WirePath path)
    {
        Remember(tunnel, new HeardInitiation(initiation, null, now.Boot));
        tunnel.TiePath = path;
        SendInitiation(now, tunnel, own, repeat: false);
        if (now.Boot - tunnel.InitiationMade >= Limits.InitiationRepeats[0])
        {
            // It has ours no longer, or never had it: it was away, perhaps, and need not wait for the next copy.
            SendInitiationOn(now, tunnel, own, path, repeat: true);
        }

        Counters.Count(TunnelRefusals.Tie);
        return OpenVerdict.Handshake;
    }

    private OpenVerdict Respond(Now now, Tunnel tunnel, NoiseState state, ReadOnlySpan<byte> initiation, WirePath path)
    {
        var response = new byte[TunnelMessage.ResponseSize];
        var index = NewIndex();
        if (Handshake.Respond(state, tunnel, _entropy, index, initiation, response, now.Boot, _options) is not { } keypair)
        {
            return Refuse(TunnelRefusals.Forged);
        }

        // As in WireGuard, the previous key goes when a next one comes: there are never more than two beside the one in use.
        ForgetKey(tunnel.Next);
        ForgetKey(tunnel.Previous);
        tunnel.Previous = null;
        tunnel.Next = keypair;
        _receivers.Add(index, new Receiver(tunnel, keypair));
        Remember(tunnel, new HeardInitiation(initiation, response, now.Boot));
        tunnel.Timers.OnKeyDerived(now.Boot);
        if (tunnel.Kind == TunnelKind.Ntm)
        {
            // Ours, if one is under way, is of the higher key, and the peer will ignore it: no more copies. But it is not forgotten. Should this
            // initiation be an old one that somebody recorded, the peer knows nothing of it and answers ours.
            tunnel.Timers.OnYielded();
        }

        SendHandshake(now, tunnel, response, path);
        _deadlines.Advance(tunnel, tunnel.Timers.Earliest);
        return OpenVerdict.Handshake;
    }

    private void Remember(Tunnel tunnel, HeardInitiation heard)
    {
        ForgetHeard(tunnel);
        tunnel.Heard = heard;
        if (tunnel.Kind == TunnelKind.Ntm)
        {
            _heard[heard.Mac1] = tunnel;
        }
    }

    private OpenVerdict TakeCookieReply(Now now, ReadOnlySpan<byte> reply, WirePath path, out Tunnel? tunnel)
    {
        tunnel = null;
        if (!_receivers.TryGetValue(Cookies.ReceiverOf(reply), out var receiver))
        {
            return Refuse(TunnelRefusals.UnknownReceiver);
        }

        // Which message of ours it answers: the index says whether the initiation or the response.
        var of = receiver.Tunnel;
        var (message, offset) = receiver.Keypair is null
            ? (of.Pending?.Message, TunnelMessage.InitiationMac1)
            : (of.Heard?.Response, TunnelMessage.ResponseMac1);
        Span<byte> cookie = stackalloc byte[TunnelMessage.MacSize];
        if (message is null || !Cookies.TryOpenReply(of.CookieKey, message.AsSpan(offset, TunnelMessage.MacSize), reply, cookie))
        {
            return Refuse(TunnelRefusals.Forged);
        }

        tunnel = of;
        of.CookieJar.Put(now.Boot, path, cookie);
        return OpenVerdict.Handshake;
    }

    // Whether a handshake message with good mac1 is worth its computation now. If not, it has been counted, and answered where it is to be.
    private bool Admit(Now now, ReadOnlySpan<byte> message, int mac1Offset, WirePath path)
    {
        switch (_cookies.Judge(now.Boot, message, path))
        {
            case Admission.Admitted:
                return true;
            case Admission.TooMany:
                Counters.Count(TunnelRefusals.SourceLimit);
                return false;
            default:
                Span<byte> reply = stackalloc byte[TunnelMessage.CookieReplySize];
                _cookies.WriteReply(now.Boot, message, mac1Offset, path, reply);
                TunnelMessage.WriteChannel(reply, path.Channel);
                _outbox.Send(path, reply);
                Counters.Count(TunnelRefusals.UnderLoad);
                return false;
        }
    }
}
