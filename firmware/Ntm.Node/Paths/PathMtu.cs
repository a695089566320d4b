using System.Globalization;
using Ntm.Protocol;

namespace Ntm.Node.Paths;

/// <summary>How the MTU of a path is known.</summary>
public enum MtuState
{
    /// <summary>Never probed, or lost since: the least is assumed.</summary>
    Assumed,

    /// <summary>Being probed for the first time, or anew after it fell.</summary>
    Searching,

    /// <summary>Probes of this size were answered and longer ones were not, or it is the most there is.</summary>
    Found,
}

/// <summary>
/// What one path carries: bytes of an inner packet in one datagram, found by probing (RFC 8899; docs/protocol.md section 5). Pure. A round is some probes of different
/// sizes that leave together; among them is always a check of the least size, so that a path that is silent is not taken for one that is narrow.
/// </summary>
/// <remarks>Nothing but answers to probes counts: no ICMP message, and no word of the peer on what it got.</remarks>
public sealed class PathMtu
{
    /// <summary>A size that every path carries: the check without padding.</summary>
    private const int Control = 0;

    private const int Remembered = 32;
    private const int SilentRoundsMost = 4;

    private readonly List<Trial> _round = [];
    private readonly (ulong Id, int Size)[] _sent = new (ulong, int)[Remembered];
    private int _sentNext;
    private int _carried;                          // the largest size that was answered
    private int _refused = Limits.MtuInside + 1;   // the least size that counts as not carried
    private int _silentRounds;
    private bool _isConfirming;
    private TimeSpan _roundEnds = TimeSpan.MaxValue;
    private TimeSpan _confirmed;
    private TimeSpan _found;

    /// <summary>Bytes of an inner packet that go in one datagram.</summary>
    public int Usable { get; private set; } = Limits.MtuAssumed;

    public MtuState State { get; private set; }

    /// <summary>Whether devices may be told: there is nothing much left to be found.</summary>
    public bool IsFound => State == MtuState.Found;

    /// <summary>How often it turned out that less passes than had been found.</summary>
    public int Falls { get; private set; }

    /// <summary>When <see cref="Look"/> wants to be called next.</summary>
    public TimeSpan NextLook => State == MtuState.Assumed ? TimeSpan.Zero : _roundEnds;

    /// <summary>A clause for people.</summary>
    public string Reason => State switch
    {
        MtuState.Assumed => "assumed: not probed",
        MtuState.Searching => "assumed so far: being probed",
        _ when Usable == Limits.MtuInside => "probed: the most there is",
        _ when _refused <= Limits.MtuPathLeast => "assumed: no long datagram passes",
        _ when _refused > Limits.MtuInside => string.Create(CultureInfo.InvariantCulture, $"probed: {Usable} pass"),
        _ => string.Create(CultureInfo.InvariantCulture, $"probed: {Usable} pass, {_refused} do not"),
    };

    /// <summary>The path failed or is to be seen as another one: nothing is known of it.</summary>
    public void Forget()
    {
        _round.Clear();
        Array.Clear(_sent);
        (_carried, _refused, Usable, State) = (0, Limits.MtuInside + 1, Limits.MtuAssumed, MtuState.Assumed);
        (_roundEnds, _isConfirming, _silentRounds) = (TimeSpan.MaxValue, false, 0);
    }

    /// <summary>Judges the round that is over and begins the next one where there is something to find out.</summary>
    /// <param name="roundTrip">Of the path; null where not known.</param>
    /// <param name="sentLong">Whether packets longer than <see cref="Limits.MtuPathLeast"/> were sent since the last confirmation.</param>
    /// <param name="probes">Takes the sizes to be sent now, in this order, 0 for a check without padding; call <see cref="Sent"/> for each.</param>
    public void Look(TimeSpan now, TimeSpan? roundTrip, bool sentLong, List<int> probes)
    {
        probes.Clear();
        if (_round.Count > 0)
        {
            if (now < _roundEnds)
            {
                return;
            }

            Judge(now);
        }

        if (_round.Count == 0)
        {
            Plan(now, sentLong);
        }

        if (_round.Count == 0)
        {
            _roundEnds = TimeSpan.MaxValue;
            return;
        }

        foreach (var trial in _round)
        {
            probes.Add(trial.Size);
        }

        // The shorter first: one behind a longer one would be the end of its run (docs/data-path.md), and be lost with it.
        probes.Sort();
        var wait = (roundTrip ?? TimeSpan.Zero) * 2;
        wait = (wait > Limits.MtuProbeWait ? wait : Limits.MtuProbeWait) * (1 << _silentRounds);
        _roundEnds = now + (wait < Limits.MtuProbeWaitMost ? wait : Limits.MtuProbeWaitMost);
    }

    /// <summary>A probe of the present round went out.</summary>
    public void Sent(ulong id, int size)
    {
        _sent[_sentNext] = (id, size);
        _sentNext = (_sentNext + 1) % Remembered;
    }

    /// <summary>An answer came by this path.</summary>
    /// <returns>Whether it answers a probe of ours that had no answer yet.</returns>
    public bool TryAnswer(TimeSpan now, ulong id)
    {
        var at = Array.FindIndex(_sent, s => s.Id == id && s.Id != 0);
        if (at < 0)
        {
            return false;
        }

        var size = _sent[at].Size;
        _sent[at] = default;
        for (var i = 0; i < _round.Count; i++)
        {
            if (_round[i].Size == size)
            {
                _round[i] = _round[i] with { IsAnswered = true };
            }
        }

        if (size > _carried)
        {
            _carried = size;
            Usable = Math.Max(Usable, size);
            if (size >= _refused)
            {
                _refused = Limits.MtuInside + 1; // the loss was another's fault
            }
        }

        // No more is to be learnt from this round.
        if (_round.TrueForAll(t => t.IsAnswered || t.Size <= _carried))
        {
            _roundEnds = now;
        }

        return true;
    }

    private void Judge(TimeSpan now)
    {
        var least = int.MaxValue;
        foreach (var trial in _round)
        {
            least = trial.IsAnswered ? Math.Min(least, trial.Size) : least;
        }

        if (least == int.MaxValue)
        {
            _silentRounds = Math.Min(_silentRounds + 1, SilentRoundsMost);
            return; // silence says nothing about sizes: once more
        }

        _silentRounds = 0;
        for (var i = 0; i < _round.Count; i++)
        {
            if (!_round[i].IsAnswered && _round[i].Size > least)
            {
                _round[i] = _round[i] with { Missed = _round[i].Missed + 1 };
                if (_round[i].Missed >= Limits.MtuProbeRounds && _round[i].Size < _refused)
                {
                    _refused = _round[i].Size;
                }
            }
        }

        if (_refused <= Usable)
        {
            Fall();
        }

        // Answered, decided by what was, or by what was not.
        _round.RemoveAll(t => t.Size <= _carried || t.Size >= _refused);
        if (_isConfirming && (_round.Count == 0 || !IsFound))
        {
            _isConfirming = false;
            _confirmed = now;
        }

        if (_round.Count > 0)
        {
            AddLadder();
            AddControl();
        }
    }

    // What had been found, or assumed, does not pass any more.
    private void Fall()
    {
        Falls += IsFound && Usable > Limits.MtuPathLeast ? 1 : 0;
        State = MtuState.Searching;
        _carried = _carried < _refused ? _carried : 0;
        Usable = Limits.MtuPathLeast;
        foreach (var size in Limits.MtuProbeSizes)
        {
            if (size < _refused && size <= Limits.MtuAssumed)
            {
                Usable = size;
                break;
            }
        }

        Usable = Math.Max(Usable, _carried);
    }

    private void Plan(TimeSpan now, bool sentLong)
    {
        if (State == MtuState.Assumed)
        {
            State = MtuState.Searching;
            _round.Add(new(Limits.MtuInside, 0, false));
            _round.Add(new(Limits.MtuMinimum, 0, false));
            AddControl();
            return;
        }

        if (State == MtuState.Found && Usable < Limits.MtuInside && now - _found >= Limits.MtuRaise)
        {
            (_refused, _found) = (Limits.MtuInside + 1, now);
        }
        else if (State == MtuState.Found && sentLong && now - _confirmed >= Limits.MtuConfirm)
        {
            _isConfirming = true;
            _carried = 0;
            _round.Add(new(Usable, 0, false));
            AddControl();
            return;
        }

        AddLadder();
        if (_round.Count == 0)
        {
            if (State == MtuState.Searching)
            {
                (State, _found, _confirmed) = (MtuState.Found, now, now); // all but the last few bytes
            }

            var between = (_carried + _refused) / 2 & ~3;
            if (_refused - _carried > Limits.MtuPrecision && _carried >= Limits.MtuPathLeast && between > _carried)
            {
                _round.Add(new(between, 0, false));
            }
        }

        if (_round.Count > 0)
        {
            AddControl();
        }
    }

    // Sizes that are neither known to pass nor known not to. Below the assumed one only when that does not.
    private void AddLadder()
    {
        if (_isConfirming)
        {
            return;
        }

        foreach (var size in Limits.MtuProbeSizes)
        {
            if (size > _carried && size < _refused && (size >= Limits.MtuAssumed || _refused <= Limits.MtuAssumed) && !_round.Exists(t => t.Size == size))
            {
                _round.Add(new(size, 0, false));
            }
        }
    }

    private void AddControl()
    {
        for (var i = 0; i < _round.Count; i++)
        {
            _round[i] = _round[i] with { IsAnswered = false };
        }

        _round.RemoveAll(t => t.Size == Control);
        _round.Add(new(Control, 0, false));
    }

    /// <param name="Missed">Rounds in which it was not answered and a smaller one was.</param>
    private readonly record struct Trial(int Size, int Missed, bool IsAnswered);
}
