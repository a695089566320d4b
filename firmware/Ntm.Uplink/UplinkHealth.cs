using System.Globalization;
using System.Numerics;

namespace Ntm.Uplink;

/// <summary>
/// How one uplink is, from what the kernel says of it and from who answered there. Losses count at once, returns after a while: longer, the more often it was lost in
/// the last minute. Timers: the end of that while (<see cref="NextDeadline"/>), and nothing else; a call too many is harmless.
/// </summary>
public sealed class UplinkHealth(UplinkThresholds thresholds)
{
    private const int LossesKept = 8; // more double nothing any more

    private readonly Queue<TimeSpan> _losses = new();
    private LinkFact _fact;
    private string _words = "it was not looked at yet";
    private bool _known;
    private bool _silent; // nobody answers
    private bool _wasGood; // to be lost
    private bool _degraded;
    private bool _linkLost; // the last loss was the link's own
    private string _silence = "";
    private TimeSpan? _goodFrom; // since when it holds after a loss; null: it needs not hold
    private uint _misses; // a bit each: the latest questions, 1 unanswered
    private int _asked;

    public UplinkJudgement Judgement { get; private set; } = new(UplinkCondition.Absent, "it was not looked at yet", TimeSpan.Zero);

    /// <summary>Whether datagrams may go there. One whose link comes and goes again and again is not, until it has held.</summary>
    public bool Usable { get; private set; }

    /// <summary>Smoothed; null: not known.</summary>
    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>Boot time.</summary>
    public TimeSpan NextDeadline => _goodFrom is { } from && _fact == LinkFact.Ready && !_silent ? from + thresholds.Hold(_losses.Count) : TimeSpan.MaxValue;

    /// <summary>The kernel says how its interface is.</summary>
    /// <param name="words">The same in words.</param>
    public void Found(TimeSpan boot, LinkFact fact, string words)
    {
        var former = _fact;
        (_fact, _words) = (fact, words);
        if (fact != LinkFact.Ready)
        {
            _linkLost = true;
            Lose(boot);
            Forget();
        }
        else if (former != LinkFact.Ready && _known)
        {
            _goodFrom = _losses.Count > 0 ? boot : null; // the first coming of one that was never lost needs no proof
        }

        _known = true;
        Judge(boot);
    }

    /// <summary>Somebody was heard there: an answer, or any datagram that proves who sent it.</summary>
    /// <param name="roundTrip">Of an answer; null: it was none.</param>
    public void Answered(TimeSpan boot, TimeSpan? roundTrip)
    {
        if (_fact != LinkFact.Ready)
        {
            return; // on its way while the link went
        }

        if (_silent)
        {
            (_silent, _goodFrom) = (false, boot);
            Forget();
        }

        if (roundTrip is { } trip)
        {
            trip = trip < TimeSpan.Zero ? TimeSpan.Zero : trip;
            RoundTrip = RoundTrip is { } known ? ((known * 7) + trip) / 8 : trip;
            Count(missed: false);
        }

        Judge(boot);
    }

    /// <summary>Everybody who was asked there is silent, and somebody of them answers elsewhere.</summary>
    /// <param name="lasting">How long they have been.</param>
    /// <param name="questions">How many in a row were not answered.</param>
    public void Silent(TimeSpan boot, TimeSpan lasting, int questions)
    {
        if (_fact != LinkFact.Ready)
        {
            return;
        }

        Count(missed: true);
        if (!_silent && questions >= UplinkThresholds.MissesLeast && lasting >= thresholds.DownAfter)
        {
            _linkLost = false;
            Lose(boot);
            _silence = string.Create(CultureInfo.InvariantCulture, $"nobody answers there: {questions} questions in {lasting.TotalSeconds:0.0} s, and answers come by another uplink");
            _silent = true;
        }
        else if (_goodFrom is not null && !_silent)
        {
            _goodFrom = boot; // it has to hold anew
        }

        Judge(boot);
    }

    /// <summary>Nobody is there any more who could be asked: what was heard or not says nothing.</summary>
    public void NobodyToAsk(TimeSpan boot)
    {
        _silent = false;
        Forget();
        Judge(boot);
    }

    public void HandleTimeout(TimeSpan boot) => Judge(boot);

    private void Count(bool missed)
    {
        _misses = (_misses << 1) | (missed ? 1u : 0);
        _asked = Math.Min(_asked + 1, UplinkThresholds.Outcomes);
        var bad = BitOperations.PopCount(_misses & ((1u << UplinkThresholds.Outcomes) - 1));
        _degraded = _degraded
            ? bad > UplinkThresholds.GoodMisses || RoundTrip >= UplinkThresholds.GoodBelow
            : (_asked >= UplinkThresholds.Outcomes / 2 && bad >= UplinkThresholds.DegradedMisses) || RoundTrip >= UplinkThresholds.LateFrom;
    }

    private void Forget() => (_misses, _asked, _degraded, RoundTrip) = (0, 0, false, null);

    // Counts once for each time that it was up, or looked as if.
    private void Lose(TimeSpan boot)
    {
        _goodFrom = null;
        if (_wasGood)
        {
            _wasGood = false;
            _losses.Enqueue(boot);
            while (_losses.Count > LossesKept)
            {
                _losses.Dequeue();
            }
        }
    }

    private void Judge(TimeSpan boot)
    {
        // A loss is forgotten when nothing waits for its consequence any more.
        if (_goodFrom is { } from && boot - from >= thresholds.Hold(_losses.Count))
        {
            _goodFrom = null;
        }

        while (_goodFrom is null && _losses.TryPeek(out var lost) && (boot - lost >= UplinkThresholds.FlapsWithin || boot < lost))
        {
            _losses.Dequeue();
        }

        var (condition, reason) = Now();

        // One that was silent is behind all others until it has held, but it is there: it may be the last one some time.
        var often = _linkLost && _goodFrom is not null && _losses.Count >= UplinkThresholds.FlapsTold;
        _wasGood |= condition is not (UplinkCondition.Absent or UplinkCondition.Offline) && _fact == LinkFact.Ready;
        Usable = _fact == LinkFact.Ready && !often;
        if (condition != Judgement.Condition)
        {
            Judgement = new(condition, reason, boot);
        }
        else if (reason != Judgement.Reason)
        {
            Judgement = Judgement with { Reason = reason };
        }
    }

    private (UplinkCondition Condition, string Reason) Now() => _fact switch
    {
        LinkFact.Missing => (UplinkCondition.Absent, _words),
        LinkFact.NotReady => (UplinkCondition.Connecting, _words),
        _ when _silent => (UplinkCondition.Offline, _silence),
        _ when _goodFrom is not null => (UplinkCondition.Connecting,
            _losses.Count > 1
                ? string.Create(CultureInfo.InvariantCulture, $"it was lost {_losses.Count} times in the last minutes; it counts again when it has held for {thresholds.Hold(_losses.Count).TotalSeconds:0.#} s")
                : string.Create(CultureInfo.InvariantCulture, $"it is back, and counts again when it has held for {thresholds.Hold(_losses.Count).TotalSeconds:0.#} s")),
        _ when _degraded && RoundTrip >= UplinkThresholds.GoodBelow => (UplinkCondition.Degraded,
            string.Create(CultureInfo.InvariantCulture, $"answers come late there: after {RoundTrip.Value.TotalMilliseconds:0} ms")),
        _ when _degraded => (UplinkCondition.Degraded, $"some questions stay unanswered there: {BitOperations.PopCount(_misses & ((1u << UplinkThresholds.Outcomes) - 1))} of the last {_asked}"),
        _ => (UplinkCondition.Online, _words),
    };
}
