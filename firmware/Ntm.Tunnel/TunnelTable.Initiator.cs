using Ntm.Protocol;

namespace Ntm.Tunnel;

// As initiator: beginning and repeating ours, and taking the response. docs/protocol.md section 1.
public sealed partial class TunnelTable
{
    /// <summary>
    /// Begins a handshake where none is under way (docs/protocol.md section 1). With an established tunnel: a new key. Where one is under way, the
    /// initiation goes out at once on paths it has not been sent on yet.
    /// </summary>
    /// <remarks>Initiations are at least <see cref="Limits.RekeyTimeout"/> apart: within that time of the last one this one is put off.</remarks>
    public void Begin(Now now, Tunnel tunnel)
    {
        Boot = now.Boot;
        if (tunnel.Pending is { } pending)
        {
            SendInitiation(now, tunnel, pending, repeat: false);
            return;
        }

        BeginIfIdle(now, tunnel);
    }

    private void BeginIfIdle(Now now, Tunnel tunnel)
    {
        if (tunnel.Timers.IsUnderWay || tunnel.IsRemoved)
        {
            return;
        }

        if (!tunnel.IsUsable)
        {
            Counters.Count(TunnelRefusals.UnusableKey);
            return;
        }

        tunnel.Timers.OnHandshakeBegun(now.Boot);
        var earliest = tunnel.InitiationMade + Limits.RekeyTimeout ?? now.Boot;
        if (tunnel.Kind == TunnelKind.Ntm && tunnel.Next is { } next && earliest < next.Made + Limits.RekeyTimeout)
        {
            // The peer has our response, or will ask for it again: its handshake is about to give us a key.
            earliest = next.Made + Limits.RekeyTimeout;
        }

        if (earliest <= now.Boot)
        {
            MakeInitiation(now, tunnel);
        }
        else
        {
            tunnel.Timers.Renew = earliest;
        }

        _deadlines.Advance(tunnel, tunnel.Timers.Earliest);
    }

    private void MakeInitiation(Now now, Tunnel tunnel)
    {
        ForgetPending(tunnel);
        Span<byte> timestamp = stackalloc byte[Handshake.TimestampSize];
        _clock.Next(now.Wall, timestamp, OnTimestampMark);
        tunnel.Timers.Jitter = tunnel.Kind == TunnelKind.Stock ? DrawJitter() : TimeSpan.Zero;
        tunnel.Timers.OnInitiationMade(now.Boot, tunnel.Kind == TunnelKind.Ntm);
        tunnel.InitiationMade = now.Boot;
        var index = NewIndex();
        if (Handshake.Begin(Key, tunnel, _entropy, index, timestamp) is { } handshake)
        {
            tunnel.Pending = handshake;
            _receivers.Add(index, new Receiver(tunnel, null));
            SendInitiation(now, tunnel, handshake, repeat: true);
        }
    }

    // On every path at once; not as a repeat, only where it has not been yet.
    private void SendInitiation(Now now, Tunnel tunnel, Handshake handshake, bool repeat)
    {
        SendInitiationOn(now, tunnel, handshake, tunnel.SendPath, repeat);
        if (tunnel.TiePath != tunnel.SendPath)
        {
            SendInitiationOn(now, tunnel, handshake, tunnel.TiePath, repeat);
        }

        for (var i = 0; i < tunnel.Candidates.Count; i++)
        {
            var path = tunnel.Candidates[i];
            if (path != tunnel.SendPath && path != tunnel.TiePath && tunnel.Candidates.IndexOf(path) == i)
            {
                SendInitiationOn(now, tunnel, handshake, path, repeat);
            }
        }
    }

    private void SendInitiationOn(Now now, Tunnel tunnel, Handshake handshake, WirePath path, bool repeat)
    {
        var been = handshake.SentOn.Contains(path);
        if (path.IsNone || (been && !repeat)
            || (tunnel.Kind == TunnelKind.Ntm && tunnel.MaySend?.Invoke(now, path, TunnelMessage.InitiationSize) == false))
        {
            return;
        }

        if (!been && handshake.SentOn.Count <= Limits.Candidates * 2)
        {
            handshake.SentOn.Add(path);
        }

        SendHandshake(now, tunnel, handshake.Message, path);
    }

    // A handshake message with mac1, completed for its path: mac2 where the peer gave us a cookie for it, and the channel.
    private void SendHandshake(Now now, Tunnel tunnel, ReadOnlySpan<byte> message, WirePath path)
    {
        Span<byte> datagram = stackalloc byte[TunnelMessage.InitiationSize];
        datagram = datagram[..message.Length];
        message.CopyTo(datagram);
        if (tunnel.CookieJar.Find(now.Boot, path) is { } cookie)
        {
            Cookies.WriteMac2(cookie, datagram);
        }

        TunnelMessage.WriteChannel(datagram, path.Channel);
        _outbox.Send(path, datagram);
        CountSent(now, tunnel, datagram.Length);
    }

    private OpenVerdict TakeResponse(Now now, ReadOnlySpan<byte> response, WirePath path, out Tunnel? tunnel)
    {
        tunnel = null;
        if (!_cookies.HasMac1(response, TunnelMessage.ResponseMac1))
        {
            return Refuse(TunnelRefusals.BadMac1);
        }

        var index = Handshake.ReceiverOf(response);
        if (!_receivers.TryGetValue(index, out var receiver))
        {
            return Refuse(TunnelRefusals.UnknownReceiver);
        }

        var of = receiver.Tunnel;
        if (receiver.Keypair is not null || of.Pending is not { } pending)
        {
            return Refuse(TunnelRefusals.LateResponse);
        }

        if (of.Kind == TunnelKind.Stock && path.IsRelayed)
        {
            return Refuse(TunnelRefusals.StockChannel);
        }

        if (!Admit(now, response, TunnelMessage.ResponseMac1, path))
        {
            return OpenVerdict.Refused;
        }

        if (pending.Finish(Key, of, response, now.Boot, _options) is not { } keypair)
        {
            if (of.Suites != default)
            {
                OnChange?.Invoke(now, of, TunnelChange.ResponseRefused);
            }

            return Refuse(TunnelRefusals.Forged);
        }

        tunnel = of;
        of.Pending = null;
        pending.Dispose();
        _receivers[index] = new Receiver(of, keypair);
        TakeInitiatorKey(of, keypair);
        of.Timers.OnKeyDerived(now.Boot);
        OnAuthenticated(now, of, path, response.Length);
        OnEstablished(now, of);
        if (!of.IsRemoved && of.Current == keypair)
        {
            Confirm(now, of, keypair, path);
            _deadlines.Advance(of, of.Timers.Earliest);
        }

        return OpenVerdict.Handshake;
    }

    // The initiator may use its key at once. What was current, or is about to be at the peer's wish, still opens.
    private void TakeInitiatorKey(Tunnel tunnel, Keypair keypair)
    {
        ForgetKey(tunnel.Previous);
        if (tunnel.Next is { } next)
        {
            ForgetKey(tunnel.Current);
            (tunnel.Previous, tunnel.Next) = (next, null);
        }
        else
        {
            tunnel.Previous = tunnel.Current;
        }

        tunnel.Current = keypair;
    }

    // The responder waits for something under the new key: staged packets, else a keep-alive. Where the core sends on another path than the one the response
    // came by, a keep-alive goes on that one as well, since that one is known to work.
    private void Confirm(Now now, Tunnel tunnel, Keypair keypair, WirePath path)
    {
        if (path != tunnel.SendPath)
        {
            SealCopy(now, tunnel, keypair, default, path);
        }

        Flush(now, tunnel);
        if (keypair.Sent == 0)
        {
            SealCopy(now, tunnel, keypair, default, path);
        }
    }

    private TimeSpan DrawJitter()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _entropy.Fill(bytes);
        var draw = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return TimeSpan.FromMilliseconds(draw % (uint)(Limits.RekeyTimeoutJitter.TotalMilliseconds + 1));
    }
}
