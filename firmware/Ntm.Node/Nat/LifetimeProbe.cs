using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>What became of a mapping that was left alone.</summary>
internal enum LifetimeVerdict
{
    /// <summary>Something went wrong with the looking: try again some time.</summary>
    Unclear,

    /// <summary>A reply came in after the silence.</summary>
    Lived,

    /// <summary>None came, although the server answers; it may have been lost.</summary>
    Missed,

    /// <summary>None came, and the next datagram got another mapping.</summary>
    Died,
}

/// <summary>
/// Leaves one mapping of the observing socket alone for so many seconds, after which a server is to send something to it (docs/protocol.md section 5, "NAT"). The mapping is one
/// that both sides have used for 3 s, since some NATs keep those longer.
/// </summary>
/// <param name="silence">Seconds.</param>
internal sealed class LifetimeProbe(NodeContext context, int uplink, NatServer server, int silence) : INatWork
{
    private static readonly TimeSpan Use = TimeSpan.FromSeconds(3);

    /// <summary>A reply may be late, and one that comes so much early was not sent when it was wanted.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(2);

    private Stage _stage = Stage.First;
    private NatQuestion? _asking;
    private TimeSpan _at = TimeSpan.MaxValue; // of the next stage
    private TimeSpan _silentSince;
    private ulong _lateId;
    private RealAddress _mapped;

    private enum Stage
    {
        First,
        InUse,
        Again,
        Silent,
        After,
    }

    public int Silence => silence;

    public bool IsOver { get; private set; }

    public LifetimeVerdict Verdict { get; private set; }

    public TimeSpan NextDeadline => _asking is { } asking ? asking.IsOver ? TimeSpan.Zero : asking.NextAt : _at;

    public void Opened(Now now, ushort port)
    {
        if (port == 0)
        {
            End(LifetimeVerdict.Unclear);
        }
        else
        {
            Ask(now, tries: 3);
        }
    }

    public bool TryTake(Now now, ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (_asking?.TryTake(from, path, reply) == true)
        {
            HandleTimeout(now);
            return true;
        }

        var isLate = _lateId != 0 && from == server.Link && reply.Id == _lateId;
        if (_stage < Stage.Again || _stage == Stage.After || !isLate)
        {
            if (_stage == Stage.Silent)
            {
                End(LifetimeVerdict.Unclear); // it may have kept the mapping alive
            }

            return isLate;
        }

        var early = now.Boot - _silentSince < TimeSpan.FromSeconds(silence) - Early;
        if (early)
        {
            context.Counters.Count("nat-late-reply-early");
        }

        End(early || path.Remote != server.Address ? LifetimeVerdict.Unclear : LifetimeVerdict.Lived);
        return true;
    }

    public void HandleTimeout(Now now)
    {
        _asking?.HandleTimeout(now, context);
        if (_asking is { IsOver: true } asked)
        {
            _asking = null;
            Answered(now, asked);
        }
        else if (_asking is null && _at <= now.Boot)
        {
            _at = TimeSpan.MaxValue;
            Due(now);
        }
    }

    private WirePath Path => new(UplinkSocket.Of(uplink, UplinkSocket.Observing), server.Address, 0);

    private void Ask(Now now, int tries)
    {
        _asking = new NatQuestion(server.Link, Path, server.Address) { Tries = tries };
        HandleTimeout(now);
    }

    private void Answered(Now now, NatQuestion asked)
    {
        switch (_stage)
        {
            case Stage.First when asked.IsAnswered:
                (_stage, _at) = (Stage.InUse, now.Boot + Use);
                break;

            // Only with the first try: a second one would have shortened the silence.
            case Stage.Again when asked.IsAnswered:
                (_mapped, _stage, _at) = (asked.Seen, Stage.Silent, _silentSince + TimeSpan.FromSeconds(silence) + Late);
                break;
            case Stage.After when asked.IsAnswered:
                End(asked.Seen == _mapped ? LifetimeVerdict.Missed : LifetimeVerdict.Died);
                break;
            default:
                End(LifetimeVerdict.Unclear);
                break;
        }
    }

    private void Due(Now now)
    {
        if (_stage == Stage.InUse)
        {
            _stage = Stage.Again;
            _silentSince = now.Boot;
            _lateId = context.Random();
            var wish = new Signal { PathCheck = new() { Id = _lateId, Padding = NatQuestion.Padding, Reply = new() { After = (uint)silence } } };
            if (context.Signals!.Notify(now, server.Link.Tunnel, wish, Path))
            {
                Ask(now, tries: 1);
                return;
            }
        }
        else if (_stage == Stage.Silent)
        {
            _stage = Stage.After;
            Ask(now, tries: 3);
            return;
        }

        End(LifetimeVerdict.Unclear);
    }

    private void End(LifetimeVerdict verdict) => (IsOver, Verdict, _asking, _at) = (true, verdict, null, TimeSpan.MaxValue);
}
