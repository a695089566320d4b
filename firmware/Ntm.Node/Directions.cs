using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node;

/// <summary>What a name leads to.</summary>
internal readonly record struct Named(VirtualAddress Vip, TimeSpan At);

/// <summary>
/// Turns names into directions: one exchange with the coordinator for each name however many ask, answered when the direction permits. A name that was
/// directed before is answered from memory when no coordinator answers in time.
/// </summary>
internal sealed class Directions(NodeContext context, Registration registration, Peers peers)
{
    public const string Collection = "name";
    private const int MostNames = 8192;
    private const int MostExchanges = 256;
    private const int MostTickets = 1024;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(Limits.NameTtlSeconds);

    // A repeated request waits longer and longer. Who asks again for a name need not wait for that: the exchange is then begun once more.
    private static readonly TimeSpan ExchangeSpacing = Limits.SignalRepeats[2];

    private static readonly TimeSpan SayingSpacing = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Named> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<VirtualAddress, string> _byVip = [];
    private readonly Dictionary<string, Exchange> _exchanges = new(StringComparer.Ordinal);
    private readonly List<Ticket> _tickets = [];
    private readonly AheadDirections _ahead = new();
    private TimeSpan _sayAgainAt = TimeSpan.Zero;

    /// <summary>Finishes an answer that was found: alias, or the device's own address where it is ours.</summary>
    public required Func<Now, string, VirtualAddress, string, NameAnswer> Finish { get; init; }

    public TimeSpan NextDeadline
    {
        get
        {
            var next = _tickets.Count == 0 ? _ahead.NextDeadline : Min(_ahead.NextDeadline, _tickets[0].Until);
            foreach (var exchange in _exchanges.Values)
            {
                next = exchange.AnotherAt < next ? exchange.AnotherAt : next;
            }

            return next;
        }
    }

    public string? NameOf(VirtualAddress vip) => _byVip.GetValueOrDefault(vip);

    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory)
        {
            if (entry is { Collection: Collection, Value.Length: 16 })
            {
                Know(entry.Key, VirtualAddress.Read(entry.Value), -Fresh);
            }
        }
    }

    /// <summary>Wants a name of another node or its device, canonical and one that <see cref="NodeContext.TrySplit"/> takes apart.</summary>
    public void Want(Now now, long ticket, string name)
    {
        if (_names.TryGetValue(name, out var known) && now.Boot - known.At < Fresh && peers.FindByVip(known.Vip) is { Tunnel.IsEstablished: true } peer)
        {
            // Whoever remembers it asks again when it is no longer fresh here either: what was taken back meanwhile is noticed then.
            var age = now.Boot - known.At;
            Answer(ticket, Finish(now, name, known.Vip, $"directed {age.TotalSeconds:0} s ago; {peer.Reason}") with { TtlSeconds = (uint)Math.Ceiling((Fresh - age).TotalSeconds) });
            return;
        }

        if (_tickets.Count >= MostTickets)
        {
            context.Counters.Count("name-too-many-questions");
            Answer(ticket, new(NameVerdict.NoCoordinator, default, 0, "too many names are being asked for at once"));
            return;
        }

        _tickets.Add(new(ticket, name, now.Boot + Limits.NameAnswerDeadline));
        Ask(now, name);
    }

    /// <summary>Asks for a peer's direction again, for its paths; nobody waits for it.</summary>
    public void Refresh(Now now, Peer peer)
    {
        if (now.Boot - peer.DirectedAt > Fresh)
        {
            peer.DirectedAt = now.Boot;
            Ask(now, peer.FullName);
        }
    }

    /// <summary>
    /// The peer's response does not fit what we were told of it: asks for its direction at once. It, too, is directed anew then. A forged response
    /// looks the same, so that this is done once in <see cref="Limits.RekeyTimeout"/>.
    /// </summary>
    public void Doubt(Now now, Peer peer)
    {
        if (peer.DoubtedAt is not { } at || now.Boot - at >= Limits.RekeyTimeout)
        {
            peer.DoubtedAt = peer.DirectedAt = now.Boot;
            Ask(now, peer.FullName);
        }
    }

    /// <summary>Registered (again): what is still waited for is asked once more.</summary>
    public void AskAgain(Now now)
    {
        foreach (var name in _tickets.Select(t => t.Name).Distinct().ToArray())
        {
            Ask(now, name);
        }
    }

    /// <summary>Forgets the names of a node that is no peer any more.</summary>
    public void Forget(VirtualAddress node)
    {
        foreach (var name in _names.Where(n => n.Value.Vip.SameNode(node)).Select(n => n.Key).ToArray())
        {
            Forget(name, NameVerdict.NoSuchName);
        }
    }

    /// <summary>Forgets all names and answers whoever waits: the node leaves its zone.</summary>
    public void Stop(string why)
    {
        _exchanges.Clear();
        _ahead.Clear();
        foreach (var ticket in _tickets)
        {
            Answer(ticket.Number, new(NameVerdict.NoCoordinator, default, 0, why));
        }

        _tickets.Clear();
        foreach (var name in _names.Keys.ToArray())
        {
            Forget(name, NameVerdict.NoSuchName);
        }

        _byVip.Clear();
    }

    /// <summary>The coordinator directs us as the named node.</summary>
    public Signal OnDirected(Now now, RouteDirection direction)
    {
        if (!peers.TryTake(now, direction, DirectionSource.Named, out var peer, out var problem))
        {
            Say(now, warning: true, $"A direction from the coordinator is not believed: {problem}.");
            var reason = direction.Acceptance is null ? RefusalReason.RefusalBindingInvalid : RefusalReason.RefusalNotPermitted;
            return new Signal { Refusal = new() { Reason = reason, Text = problem } };
        }

        Say(now, warning: false, $"{peer.Name} asks for us; {direction.Reason}.");
        return new Signal { Acknowledgement = new() };
    }

    public void HandleTimeout(Now now)
    {
        while (_ahead.TryTake(now.Boot, out var again))
        {
            Ask(now, again);
        }

        foreach (var exchange in _exchanges.Values.Where(e => e.AnotherAt <= now.Boot).ToArray())
        {
            AskNext(now, exchange);
        }

        while (_tickets.Count > 0 && _tickets[0].Until <= now.Boot)
        {
            var ticket = _tickets[0];
            _tickets.RemoveAt(0);
            Answer(ticket.Number, FromMemory(now, ticket.Name)
                ?? new(NameVerdict.NoCoordinator, default, 0, "no coordinator answered within 1.5 s and the name was never directed before"));
        }
    }

    // Strangers make coordinators direct us: what is not said is counted.
    private void Say(Now now, bool warning, string sentence)
    {
        if (now.Boot >= _sayAgainAt)
        {
            _sayAgainAt = now.Boot + SayingSpacing;
            context.Events.Enqueue(new NodeEvent.Notice(warning, sentence));
        }
    }

    private void Ask(Now now, string name)
    {
        var request = new DirectionRequest { Name = name };
        if (!context.TrySplit(name, out var zone, out var node, out var device))
        {
            return; // another owner's node that reaches us by a share, not we it: it asks
        }

        if (zone != context.Membership!.Zone)
        {
            if (context.Sharing.Taken.For(zone, node, device, context.Sharing.Time(now)) is not { } share)
            {
                AnswerAll(name, new(NameVerdict.Unreachable, default, 0, $"the share of {node}.{zone} has expired; ask its owner for a new one"));
                return;
            }

            (request.Zone, request.Acceptance) = (zone, share.Acceptance);
        }

        var former = _exchanges.GetValueOrDefault(name);
        if (former is not null && now.Boot - former.Begun < ExchangeSpacing)
        {
            return;
        }

        // Those that know us first, and of them the one heard last: a coordinator that has died is noticed late.
        var coordinators = registration.Coordinators.OrderByDescending(c => c.Registered).ThenByDescending(c => c.Tunnel.LastReceived).ToArray();
        if (coordinators.Length == 0 || (former is null && _exchanges.Count >= MostExchanges))
        {
            context.Counters.Count("name-cannot-ask");
            return;
        }

        var exchange = new Exchange(request, coordinators, now.Boot);
        _exchanges[name] = exchange;
        AskNext(now, exchange);
    }

    private void AskNext(Now now, Exchange exchange)
    {
        var coordinator = exchange.Coordinators[exchange.Asked++];
        exchange.AnotherAt = exchange.Asked < exchange.Coordinators.Length ? now.Boot + Limits.AnotherCoordinatorAfter : TimeSpan.MaxValue;
        context.Signals!.Request(
            now, coordinator.Tunnel, new Signal { DirectionRequest = exchange.Request }, (at, answer) => OnAnswer(at, exchange, answer));
    }

    private void OnAnswer(Now now, Exchange exchange, Signal? answer)
    {
        var name = exchange.Name;
        var current = _exchanges.GetValueOrDefault(name);
        if (current is null || (current != exchange && answer is not { RouteDirection: not null }))
        {
            return; // another coordinator was quicker, or it was asked anew; but a direction is welcome even so
        }

        if (answer is null or { Refusal.Reason: RefusalReason.RefusalNotRegistered or RefusalReason.RefusalNotJoined or RefusalReason.RefusalUnreachable }
            && exchange.Asked < exchange.Coordinators.Length)
        {
            AskNext(now, exchange); // it may be the other one that both nodes are registered at
            return;
        }

        _exchanges.Remove(name);
        switch (answer)
        {
            case { RouteDirection: { } direction }:
                Directed(now, name, direction);
                break;
            case { Refusal.Reason: RefusalReason.RefusalNotRegistered }:
                registration.RegisterSoon(now); // it has forgotten us, with a restart; AskAgain follows
                break;
            case { Refusal: { } refusal }:
                var verdict = refusal.Reason == RefusalReason.RefusalNoSuchName ? NameVerdict.NoSuchName : NameVerdict.Unreachable;
                Forget(name, verdict);
                AnswerAll(name, new(verdict, default, 0, refusal.Text));
                break;
            case null:
                break; // its tickets have run out before, by Limits.NameAnswerDeadline
            default:
                context.Counters.Count("direction-answer-of-another-kind");
                break;
        }
    }

    private void Directed(Now now, string name, RouteDirection direction)
    {
        if (!context.TrySplit(name, out var zone, out var node, out _) || direction.Number > Limits.DeviceNumberLast)
        {
            return;
        }

        if (!peers.TryTake(now, direction, DirectionSource.Asked, out var peer, out var problem) || peer.Binding.Name != node || peer.Binding.Zone != zone)
        {
            problem ??= $"it is about '{peer!.Name}'";
            context.Warn($"The direction for {name} is not believed: {problem}.");
            AnswerAll(name, new(NameVerdict.Unreachable, default, 0, $"the coordinator's direction is not believed: {problem}"));
            return;
        }

        var vip = peer.Vip.WithNumber((ushort)direction.Number);
        if (Know(name, vip, now.Boot))
        {
            var value = new byte[16];
            vip.Write(value);
            context.Keep(Collection, name, value);
        }

        _ahead.Directed(now.Boot, name, direction.Ahead);
        if (!peer.Tunnel.IsEstablished)
        {
            peer.Reason = direction.Reason;
            context.Tunnels.Begin(now, peer.Tunnel);
        }

        AnswerAll(name, Finish(now, name, vip, direction.Reason));
    }

    private NameAnswer? FromMemory(Now now, string name) =>
        _names.TryGetValue(name, out var known) && peers.FindByVip(known.Vip) is { } peer
            ? Begin(now, peer, Finish(now, name, known.Vip, "no coordinator answered within 1.5 s: from memory"))
            : null;

    private NameAnswer Begin(Now now, Peer peer, NameAnswer answer)
    {
        if (!peer.Tunnel.IsEstablished)
        {
            context.Tunnels.Begin(now, peer.Tunnel);
        }

        return answer;
    }

    private bool Know(string name, VirtualAddress vip, TimeSpan at)
    {
        if (_names.TryGetValue(name, out var former))
        {
            // A device that got another number leaves no reverse name behind.
            if (former.Vip != vip && _byVip.GetValueOrDefault(former.Vip) == name)
            {
                _byVip.Remove(former.Vip);
            }
        }
        else if (_names.Count >= MostNames)
        {
            context.Counters.Count("name-too-many-known");
            return false;
        }

        _names[name] = new(vip, at);
        _byVip[vip] = name;
        return true;
    }

    private void Forget(string name, NameVerdict verdict)
    {
        // Unreachable today is no reason to forget it; a name that is gone is.
        if (verdict == NameVerdict.NoSuchName && _names.Remove(name, out var known))
        {
            if (_byVip.GetValueOrDefault(known.Vip) == name)
            {
                _byVip.Remove(known.Vip); // else the device has another name since
            }

            context.Keep(Collection, name, null);
        }
    }

    private void AnswerAll(string name, NameAnswer answer)
    {
        foreach (var ticket in _tickets.FindAll(t => t.Name == name))
        {
            Answer(ticket.Number, answer);
        }

        _tickets.RemoveAll(t => t.Name == name);
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private void Answer(long ticket, NameAnswer answer) => context.Events.Enqueue(new NodeEvent.NameAnswered(ticket, answer));

    private readonly record struct Ticket(long Number, string Name, TimeSpan Until);

    private sealed class Exchange(DirectionRequest request, ServerLink[] coordinators, TimeSpan begun)
    {
        public DirectionRequest Request { get; } = request;

        public string Name => Request.Name;

        public ServerLink[] Coordinators { get; } = coordinators;

        public TimeSpan Begun { get; } = begun;

        /// <summary>How many of them, from the first.</summary>
        public int Asked { get; set; }

        /// <summary>When the next is asked, unless an answer comes before; max: there is none left.</summary>
        public TimeSpan AnotherAt { get; set; }
    }
}
