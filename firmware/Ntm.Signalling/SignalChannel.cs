using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Signalling;

/// <summary>
/// Requests and answers inside tunnels (docs/protocol.md section 4): framing as UDP over IPv6 between number-0 VIPs, numbering, retransmission,
/// idempotent answering. One for each core. It knows no message's meaning.
/// </summary>
public sealed class SignalChannel
{
    private const int RepeatsBeforeNewKey = 3;

    private readonly TunnelTable _tunnels;
    private readonly Func<Tunnel.Tunnel, VirtualAddress?> _vipOf;
    private readonly VirtualAddress _own;
    private readonly Dictionary<Tunnel.Tunnel, Conversation> _conversations = [];
    private readonly PriorityQueue<(Conversation Conversation, ulong Number), TimeSpan> _deadlines = new();
    private readonly byte[] _frame = new byte[SignalFrame.HeaderSize + Limits.SignalBytes];

    /// <param name="tunnels">The core's tunnels.</param>
    /// <param name="own">Our own VIP, number 0.</param>
    /// <param name="vipOf">The VIP of a tunnel's other side; null while its zone is not known: then it is what its frames say.</param>
    public SignalChannel(TunnelTable tunnels, VirtualAddress own, Func<Tunnel.Tunnel, VirtualAddress?> vipOf)
    {
        _tunnels = tunnels;
        _own = own;
        _vipOf = vipOf;
    }

    /// <param name="tunnels">The core's tunnels.</param>
    /// <param name="addressing">VIPs of the zone all parties are in.</param>
    public SignalChannel(TunnelTable tunnels, ZoneAddressing addressing)
        : this(tunnels, addressing.Node(tunnels.Key.Public), tunnel => addressing.Node(tunnel.Peer))
    {
    }

    public Counters Counters { get; init; } = new();

    /// <summary>
    /// Told of each request (Number not 0) and notification (Number 0) that came in, with the path it came by. For a request it returns the answer's
    /// body, or null to answer later with <see cref="Answer"/> (a repeat that comes meanwhile is not handed in again).
    /// </summary>
    public required Func<Now, Tunnel.Tunnel, WirePath, Signal, Signal?> OnSignal { get; init; }

    /// <summary>Whose requests cost work and who has shown nothing yet: few are heard (<see cref="Limits.ProvisionalRequests"/>).</summary>
    public Predicate<Tunnel.Tunnel> IsStranger { get; init; } = static _ => false;

    /// <summary>Sends a request, again until answered. <paramref name="onAnswer"/> gets null where it failed after <see cref="Limits.SignalFailure"/>.</summary>
    /// <param name="to">The VIP it is for, where the tunnel's other side has not said its own yet; null: the tunnel's.</param>
    public void Request(Now now, Tunnel.Tunnel tunnel, Signal body, Action<Now, Signal?> onAnswer, VirtualAddress? to = null)
    {
        var conversation = With(now, tunnel);
        if (conversation.Requests.Count >= Limits.SignalsOutstandingPerPeer)
        {
            Counters.Count("signal-too-many-outstanding");
            onAnswer(now, null);
            return;
        }

        var number = conversation.NextNumber++;
        body.Number = number;
        body.Answer = false;
        conversation.Requests.Add(number, new Conversation.Waiting(body, now.Boot, onAnswer, to));
        _deadlines.Enqueue((conversation, number), now.Boot + Limits.SignalRepeats[0]);
        Send(now, tunnel, to ?? PeerOf(tunnel), body, null);
    }

    /// <summary>Answers a request that <see cref="OnSignal"/> left open.</summary>
    public void Answer(Now now, Tunnel.Tunnel tunnel, ulong number, Signal body)
    {
        body.Number = number;
        body.Answer = true;
        var conversation = With(now, tunnel);
        if (conversation.Answers.ContainsKey(number))
        {
            conversation.Answers[number] = body;
        }

        Send(now, conversation, body, null);
    }

    /// <summary>Sends without wanting an answer, on <paramref name="path"/> or on the tunnel's own.</summary>
    /// <returns>False where it had to be sent on a path and no key may seal.</returns>
    /// <param name="to">As with <see cref="Request"/>.</param>
    public bool Notify(Now now, Tunnel.Tunnel tunnel, Signal body, WirePath? path = null, VirtualAddress? to = null)
    {
        body.Number = 0;
        body.Answer = false;
        return Send(now, tunnel, to ?? PeerOf(tunnel), body, path);
    }

    /// <summary>Bytes on the wire, tunnel overhead included, of a notification: what it costs an unproven address's budget.</summary>
    public static int SizeOnWire(Signal body) =>
        ((SignalFrame.HeaderSize + body.CalculateSize() + 15) & ~15) + TunnelMessage.TransportOverhead;

    /// <summary>
    /// Whether the opened inner packet is signalling (to or from port 4916, to our number 0). If so it is consumed: parsed and
    /// handed to <see cref="OnSignal"/> or to the waiting request, or refused and counted.
    /// </summary>
    public bool TryTake(Now now, Tunnel.Tunnel tunnel, Packet packet)
    {
        if (!SignalFrame.IsMeant(packet.Bytes, _own))
        {
            return false;
        }

        if (!SignalFrame.TryRead(packet.Bytes, out var source, out var message) || !IsItsOwn(now, tunnel, source))
        {
            Counters.Count("signal-malformed-frame");
            return true;
        }

        if (!Wire.TryParse(Signal.Parser, message, out var signal))
        {
            Counters.Count("signal-unparsable");
            return true;
        }

        if (signal.BodyCase == Signal.BodyOneofCase.None || (signal.Answer && signal.Number == 0))
        {
            Counters.Count("signal-unknown-message");
            return true;
        }

        if (signal.Answer)
        {
            TakeAnswer(now, tunnel, signal);
        }
        else
        {
            TakeRequest(now, tunnel, packet.Path, signal);
        }

        return true;
    }

    /// <summary>Forgets what is outstanding with this tunnel; its requests fail at once.</summary>
    public void Forget(Now now, Tunnel.Tunnel tunnel)
    {
        if (_conversations.Remove(tunnel, out var conversation))
        {
            var waiting = conversation.Requests.Values.ToArray();
            conversation.Requests.Clear();
            foreach (var request in waiting)
            {
                request.OnAnswer(now, null);
            }
        }
    }

    /// <summary>
    /// The tunnel stands anew: what waits for an answer is sent again at once, because the other side may have restarted and heard nothing of it. Call it
    /// with each <see cref="TunnelChange.Established"/>.
    /// </summary>
    public void OnEstablished(Now now, Tunnel.Tunnel tunnel)
    {
        if (tunnel.Staged > 0 || !_conversations.TryGetValue(tunnel, out var conversation))
        {
            return; // what is staged goes out now anyway
        }

        foreach (var waiting in conversation.Requests.Values)
        {
            if (waiting.Repeats > 0)
            {
                Send(now, conversation.Tunnel, waiting.To ?? PeerOf(conversation.Tunnel), waiting.Request, null);
            }
        }
    }

    public void HandleTimeout(Now now)
    {
        while (_deadlines.TryPeek(out var due, out var at) && at <= now.Boot)
        {
            _deadlines.Dequeue();
            if (due.Conversation.Requests.TryGetValue(due.Number, out var waiting))
            {
                RepeatOrFail(now, due.Conversation, due.Number, waiting);
            }

            due.Conversation.ForgetBefore(now.Boot);
            if (due.Number == 0)
            {
                due.Conversation.ForgetIsScheduled = false;
                ScheduleForget(due.Conversation);
            }

            if (due.Conversation.IsIdle && _conversations.GetValueOrDefault(due.Conversation.Tunnel) == due.Conversation)
            {
                _conversations.Remove(due.Conversation.Tunnel);
            }
        }
    }

    /// <summary>Requests and looks at answers that are scheduled.</summary>
    internal int Deadlines => _deadlines.Count;

    public TimeSpan NextDeadline => _deadlines.TryPeek(out _, out var at) ? at : TimeSpan.MaxValue;

    private void RepeatOrFail(Now now, Conversation conversation, ulong number, Conversation.Waiting waiting)
    {
        if (now.Boot >= waiting.FailsAt)
        {
            conversation.Requests.Remove(number);
            waiting.OnAnswer(now, null);
            return;
        }

        waiting.Repeats++;
        if (waiting.Repeats == RepeatsBeforeNewKey && (conversation.Tunnel.LastReceived ?? TimeSpan.Zero) < waiting.SentAt)
        {
            // Nothing at all since the request: the other side may have lost our keys with a restart, and cannot say so.
            _tunnels.Begin(now, conversation.Tunnel);
        }

        var wait = waiting.Repeats < Limits.SignalRepeats.Length ? Limits.SignalRepeats[waiting.Repeats] : Limits.SignalFailure;
        _deadlines.Enqueue((conversation, number), now.Boot + wait < waiting.FailsAt ? now.Boot + wait : waiting.FailsAt);
        Send(now, conversation.Tunnel, waiting.To ?? PeerOf(conversation.Tunnel), waiting.Request, null);
    }

    private void TakeAnswer(Now now, Tunnel.Tunnel tunnel, Signal answer)
    {
        if (_conversations.TryGetValue(tunnel, out var conversation) && conversation.Requests.Remove(answer.Number, out var waiting))
        {
            waiting.OnAnswer(now, answer);
        }
        else
        {
            Counters.Count("signal-answer-to-nothing"); // a repeat of one that was taken already, as a rule
        }
    }

    private void TakeRequest(Now now, Tunnel.Tunnel tunnel, WirePath path, Signal request)
    {
        if (request.Number == 0)
        {
            OnSignal(now, tunnel, path, request);
            return;
        }

        var conversation = With(now, tunnel);
        conversation.ForgetBefore(now.Boot);
        if (conversation.Answers.TryGetValue(request.Number, out var remembered))
        {
            if (remembered is not null)
            {
                Send(now, conversation, remembered, null);
            }

            return;
        }

        if (IsStranger(tunnel) && ++conversation.Heard > Limits.ProvisionalRequests)
        {
            Counters.Count("signal-stranger-asks-too-much");
            return;
        }

        conversation.Remember(request.Number, now.Boot + Limits.AnswerMemory);
        ScheduleForget(conversation);
        if (OnSignal(now, tunnel, path, request) is { } answer)
        {
            Answer(now, tunnel, request.Number, answer);
        }
    }

    // One entry a conversation: a peer that makes requests without end adds none.
    private void ScheduleForget(Conversation conversation)
    {
        if (!conversation.ForgetIsScheduled && conversation.ForgetAt is { } at)
        {
            conversation.ForgetIsScheduled = true;
            _deadlines.Enqueue((conversation, 0), at);
        }
    }

    private Conversation With(Now now, Tunnel.Tunnel tunnel)
    {
        if (!_conversations.TryGetValue(tunnel, out var conversation))
        {
            // Boot time as the first number: a restarted program does not use a number again whose answer the peer still remembers.
            conversation = new Conversation(tunnel, (ulong)now.Boot.Ticks + 1);
            _conversations.Add(tunnel, conversation);
        }

        return conversation;
    }

    private VirtualAddress PeerOf(Tunnel.Tunnel tunnel) =>
        _vipOf(tunnel) ?? (_conversations.TryGetValue(tunnel, out var conversation) ? conversation.Said : default);

    // Who has not said yet of which zone it is may use any node's address: its key is what counts, and the answer goes into its tunnel all the same.
    private bool IsItsOwn(Now now, Tunnel.Tunnel tunnel, VirtualAddress source)
    {
        if (_vipOf(tunnel) is { } known)
        {
            return source == known;
        }

        if (source.Number != 0 || !source.IsUniqueLocal)
        {
            return false;
        }

        With(now, tunnel).Said = source;
        return true;
    }

    private bool Send(Now now, Conversation conversation, Signal signal, WirePath? path) =>
        Send(now, conversation.Tunnel, PeerOf(conversation.Tunnel), signal, path);

    private bool Send(Now now, Tunnel.Tunnel tunnel, VirtualAddress peer, Signal signal, WirePath? path)
    {
        var size = signal.CalculateSize();
        if (size > Limits.SignalBytes)
        {
            // Cores keep their lists within Limits, so this is ours to mend; the peer sees a request that fails.
            Counters.Count("signal-too-long-to-send");
            return false;
        }

        Span<byte> message = stackalloc byte[size];
        signal.WriteTo(message);
        SignalFrame.Write(_frame, _own, peer, message);
        var frame = _frame.AsSpan(0, SignalFrame.HeaderSize + size);
        if (path is { } explicitPath)
        {
            return _tunnels.SendOn(now, tunnel, frame, explicitPath);
        }

        _tunnels.Send(now, tunnel, frame);
        return true;
    }
}
