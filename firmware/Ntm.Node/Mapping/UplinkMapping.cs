using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>
/// Has the port of one uplink, in one IP family, opened by the box that is its default gateway, and keeps it open. Every timer of it:
/// renewal at half the lifetime, then at half of what is left · a try after all protocols failed <see cref="Limits.MappingRetry"/>, doubled up to
/// <see cref="Limits.MappingRetryMost"/> · <see cref="Limits.MappingSpacing"/> between any two tries, whatever the box does.
/// </summary>
internal sealed class UplinkMapping(int uplink, bool isIPv4, Action<NodeEvent> emit, Func<ulong> random, Counters counters)
{
    private RealAddress _own;
    private RealAddress _gateway;
    private string? _off = "not asked for yet";
    private MappingAttempt? _attempt;
    private readonly Queue<MappingProtocol> _left = new();
    private readonly List<string> _failures = []; // of this round
    private string? _said; // of the last one that failed
    private BoxDescription? _box;
    private BoxEpoch _epoch;
    private TimeSpan _next = TimeSpan.MaxValue;
    private TimeSpan _begunAt = TimeSpan.MinValue;
    private TimeSpan _heldUntil;
    private int _rounds; // that failed, one after the other

    public int Uplink => uplink;

    public bool IsIPv4 => isIPv4;

    /// <summary>The uplink's own address and port; none where nothing is asked for.</summary>
    public RealAddress Own => _own;

    /// <summary>The open port; null: there is none.</summary>
    public OpenPort? Port { get; private set; }

    /// <summary>Why there is none, as a clause.</summary>
    public string Reason => _off ?? (_said is { } said ? $"the box at {_gateway.ToIPAddress()} does not open one ({said})"
        : $"the box at {_gateway.ToIPAddress()} is being asked");

    /// <summary>Whether an address may be where a port of ours is open at all.</summary>
    public required Predicate<RealAddress> IsPossible { get; init; }

    /// <summary>What is to outlive a restart.</summary>
    public MappingMemory Memory { get; set; } = new(new byte[PcpMessage.NonceSize], 0, null);

    /// <summary>Told when the port is opened, changes or is lost.</summary>
    public Action<Now>? OnChange { get; init; }

    /// <summary>Told when <see cref="Memory"/> has changed.</summary>
    public Action<UplinkMapping>? OnMemory { get; init; }

    /// <summary>Whether the port is still to be closed after <see cref="Release"/>.</summary>
    public bool IsClosing => _attempt is { State: AttemptState.UnderWay } && _off is not null;

    public TimeSpan NextDeadline => _attempt is { } attempt && attempt.NextDeadline < _next ? attempt.NextDeadline : _next;

    /// <summary>Whom to ask for what.</summary>
    /// <param name="own">The uplink's own address with its socket's port.</param>
    /// <param name="gateway">Its default gateway, port 0.</param>
    /// <param name="off">Why nothing is asked for; null: it is.</param>
    public void Aim(Now now, RealAddress own, RealAddress gateway, string? off)
    {
        if (off is not null)
        {
            Forget(now, off);
            return;
        }

        if (_off is null && own == _own && gateway == _gateway)
        {
            return;
        }

        Forget(now, "");
        (_own, _gateway, _off) = (own, gateway, null);
        Begin(now);
    }

    /// <summary>Something shows that the box may have lost the port, or another connection: it is asked soon.</summary>
    public void Doubt(Now now)
    {
        var soon = _begunAt + Limits.MappingSpacing;
        if (_off is null && _attempt is null && _next > soon)
        {
            _next = soon > now.Boot ? soon : now.Boot;
        }
    }

    /// <summary>A datagram of the box's.</summary>
    public void Heard(Now now, RealAddress from, ReadOnlySpan<byte> bytes)
    {
        if (_gateway.IsNone || !from.SameHost(_gateway) || bytes.Length > PcpMessage.Longest)
        {
            counters.Count("mapping-not-the-box");
            return;
        }

        var taken = _attempt?.Heard(now, from, bytes) == true;
        TakeEpoch(now, from, bytes, taken);
        if (taken)
        {
            Look(now);
        }
    }

    public void Exchanged(Now now, int ticket, int status, ReadOnlySpan<byte> body)
    {
        _attempt?.Exchanged(now, ticket, status, body);
        Look(now);
    }

    public void HandleTimeout(Now now)
    {
        _attempt?.HandleTimeout(now);
        Look(now);
        if (_attempt is null && _next <= now.Boot)
        {
            Begin(now);
        }
    }

    /// <summary>Closes the port, for good.</summary>
    /// <param name="off">Why nothing is asked for from now on.</param>
    public void Release(Now now, string off)
    {
        var port = Port;
        var (own, gateway, box) = (_own, _gateway, _box);
        Forget(now, off);
        if (port is not null)
        {
            (_own, _gateway) = (own, gateway);
            _attempt = Attempt(port.Protocol, new(uplink, own, gateway, Memory.Nonce, port.External.Port, Closes: true), box);
            _attempt.Begin(now);
        }
    }

    private void Forget(Now now, string off)
    {
        var had = Port is not null;
        (_attempt, _box, _epoch, Port, _off) = (null, null, default, null, off);
        (_own, _gateway, _next, _rounds, _heldUntil, _said) = (default, default, TimeSpan.MaxValue, 0, TimeSpan.Zero, null);
        _left.Clear();
        if (had)
        {
            OnChange?.Invoke(now);
        }
    }

    // A port that is open is renewed by the protocol that opened it; else the one that worked last comes first.
    private void Begin(Now now)
    {
        _left.Clear();
        _failures.Clear();
        _begunAt = now.Boot;
        _next = TimeSpan.MaxValue;
        if (Port is { } port)
        {
            _left.Enqueue(port.Protocol);
        }
        else if (!isIPv4)
        {
            _left.Enqueue(MappingProtocol.Pcp);
        }
        else
        {
            foreach (var protocol in Enum.GetValues<MappingProtocol>().OrderByDescending(p => p == Memory.Protocol))
            {
                _left.Enqueue(protocol);
            }
        }

        Next(now);
    }

    private void Next(Now now)
    {
        if (!Memory.Nonce.AsSpan().ContainsAnyExcept((byte)0))
        {
            Remember(Memory with { Nonce = [.. BitConverter.GetBytes(random()), .. BitConverter.GetBytes((uint)random())] });
        }

        var port = Port?.External.Port ?? (Memory.ExternalPort != 0 ? Memory.ExternalPort : _own.Port);
        _attempt = Attempt(_left.Dequeue(), new(uplink, _own, _gateway, Memory.Nonce, port, Closes: false), _box);
        _attempt.Begin(now);
    }

    private MappingAttempt Attempt(MappingProtocol protocol, MappingWish wish, BoxDescription? box) => protocol switch
    {
        MappingProtocol.Pcp => new PcpAttempt(wish, emit),
        MappingProtocol.NatPmp => new NatPmpAttempt(wish, emit),
        _ => new UpnpAttempt(wish, emit, box, random, counters),
    };

    private void Look(Now now)
    {
        if (_attempt is not { State: not AttemptState.UnderWay } ended)
        {
            return;
        }

        _attempt = null;
        if (ended.State == AttemptState.Open && !IsPossible(ended.External))
        {
            counters.Count("mapping-external-refused");
            ended.Disbelieve($"it says {ended.External}, which cannot be");
        }

        if (_off is not null)
        {
            (_own, _gateway) = (default, default); // closed, or nobody says so
        }
        else if (ended.State == AttemptState.Open)
        {
            Opened(now, ended);
        }
        else
        {
            Failed(now, ended);
        }
    }

    private void Opened(Now now, MappingAttempt ended)
    {
        (_rounds, _heldUntil, _said) = (0, TimeSpan.Zero, null);
        _box = (ended as UpnpAttempt)?.Box;
        var former = Port;
        Port = new(ended.External, ended.Protocol, now.Boot + ended.Lifetime);
        _next = now.Boot + Longer(ended.Lifetime / 2, Limits.MappingSpacing);
        if (Memory.ExternalPort != ended.External.Port || Memory.Protocol != ended.Protocol)
        {
            Remember(Memory with { ExternalPort = ended.External.Port, Protocol = ended.Protocol });
        }

        if (former?.External != Port.External || former.Protocol != Port.Protocol)
        {
            OnChange?.Invoke(now);
        }
    }

    private void Failed(Now now, MappingAttempt ended)
    {
        if (Port is { } port)
        {
            var left = port.Until - now.Boot;
            if (ended.State == AttemptState.Silent && left > Limits.MappingSpacing)
            {
                _box = null; // another web server's port, perhaps: it is searched for anew
                _next = now.Boot + Longer(left / 2, Limits.MappingSpacing);
                return;
            }

            Port = null;
            _box = null;
            OnChange?.Invoke(now);
            Begin(now);
            return;
        }

        _failures.Add($"{ended.Protocol.Name()}: {ended.Reason}");
        var holds = now.Boot + ended.HoldsFor;
        _heldUntil = holds > _heldUntil ? holds : _heldUntil;
        if (_left.Count > 0)
        {
            Next(now);
            return;
        }

        _said = string.Join("; ", _failures);
        var pause = Limits.MappingRetry * Math.Pow(2, Math.Min(_rounds++, 16));
        pause = pause < Limits.MappingRetryMost ? pause : Limits.MappingRetryMost;
        _next = now.Boot + pause > _heldUntil ? now.Boot + pause : _heldUntil;
        _heldUntil = TimeSpan.Zero;
    }

    // Answers and announcements alike say since when the box has had its mappings.
    private void TakeEpoch(Now now, RealAddress from, ReadOnlySpan<byte> bytes, bool answered)
    {
        if (from.Port != Limits.MappingPort)
        {
            return;
        }

        uint seconds;
        if (PcpMessage.TryRead(bytes, Memory.Nonce, out var pcp) && (answered || pcp is { Opcode: PcpMessage.Announce, Result: 0 }))
        {
            seconds = pcp.Epoch;
        }
        else if (NatPmpMessage.TryRead(bytes, out var pmp) && pmp.Result == 0)
        {
            seconds = pmp.Epoch;
        }
        else
        {
            return;
        }

        // The RFCs' slack hides a second start right after the first: what announces itself as just started is taken at its word.
        var isNews = !_epoch.IsKnown || _epoch.IsBrokenBy(now.Boot, seconds) || BoxEpoch.IsFresh(seconds);
        _epoch = BoxEpoch.Of(now.Boot, seconds);
        if (isNews && !answered)
        {
            Doubt(now);
        }
    }

    private void Remember(MappingMemory memory)
    {
        Memory = memory;
        OnMemory?.Invoke(this);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
