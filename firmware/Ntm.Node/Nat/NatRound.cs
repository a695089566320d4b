using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>
/// One look at an uplink's NAT (docs/protocol.md section 5, "NAT"), by a socket that nobody has heard of: the first server sees it; then it is tried who else gets in;
/// then the others see it; and where that is of use, two more sockets are seen by the first. About 20 datagrams.
/// </summary>
/// <param name="servers">At least one; the first two are asked.</param>
/// <param name="own">The uplink's own addresses of the family.</param>
/// <param name="reopen">Wants the observing socket closed and another opened.</param>
internal sealed class NatRound(NodeContext context, int uplink, IReadOnlyList<NatServer> servers, IReadOnlyList<RealAddress> own, Action reopen) : INatWork
{
    private const int FurtherSockets = 2;

    private readonly NatServer _first = servers[0];
    private readonly NatServer? _second = servers.Count > 1 ? servers[1] : null;
    private readonly Queue<RealAddress> _toSee = new();
    private readonly List<NatSample> _samples = [];
    private readonly List<NatSample> _further = [];
    private List<NatQuestion> _asking = [];
    private Action<Now, IReadOnlyList<NatQuestion>>? _then;
    private bool? _anotherPort, _anotherAddress;
    private ushort _port;

    public bool IsOver { get; private set; }

    public NatObservation Seen => new(own, _samples) { Further = _further, LetsInAnotherPort = _anotherPort, LetsInAnotherAddress = _anotherAddress };

    public TimeSpan NextDeadline => _asking.Where(q => !q.IsOver).Select(q => q.NextAt).DefaultIfEmpty(_asking.Count > 0 ? TimeSpan.Zero : TimeSpan.MaxValue).Min();

    public void Opened(Now now, ushort port)
    {
        _port = port;
        if (port == 0)
        {
            IsOver = true;
        }
        else
        {
            Ask(now, _samples.Count == 0 ? FirstSeen : FurtherSeen, See(_first.Link, _first.Address));
        }
    }

    public bool TryTake(Now now, ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (!_asking.Exists(q => q.TryTake(from, path, reply)))
        {
            return false;
        }

        HandleTimeout(now);
        return true;
    }

    public void HandleTimeout(Now now)
    {
        foreach (var question in _asking)
        {
            question.HandleTimeout(now, context);
        }

        if (_asking.Count > 0 && _asking.TrueForAll(q => q.IsOver))
        {
            var (asked, then) = (_asking, _then!);
            _asking = [];
            then(now, asked);
        }
    }

    private void Ask(Now now, Action<Now, IReadOnlyList<NatQuestion>> then, params List<NatQuestion> questions)
    {
        (_asking, _then) = (questions, then);
        HandleTimeout(now);
    }

    private NatQuestion See(ServerLink server, RealAddress at) => new(server, new(UplinkSocket.Of(uplink, UplinkSocket.Observing), at, 0), at);

    private void FirstSeen(Now now, IReadOnlyList<NatQuestion> asked)
    {
        if (!Note(_samples, asked[0]))
        {
            IsOver = true; // it answers no checks: an older one, or gone
            return;
        }

        var filters = new List<NatQuestion>();
        if (!_first.Second.IsNone)
        {
            filters.Add(new(_first.Link, asked[0].By, _first.Second) { Wish = new() { SecondPort = true } });
        }

        // The second server has heard nothing of the socket: it is asked by the uplink's own, and answers to the socket's outside port at the same address.
        var mapped = _samples[0].Mapped;
        if (_second is not null && !_second.Link.Observed.Exists(o => o.Uplink == uplink && o.Address.IsIPv4 == mapped.IsIPv4 && !o.Address.SameHost(mapped)))
        {
            filters.Add(new(_second.Link, new(uplink, _second.Address, 0), _second.Address) { Wish = new() { Port = mapped.Port } });
        }

        if (filters.Count > 0)
        {
            Ask(now, FiltersSeen, filters);
        }
        else
        {
            SeeOthers(now);
        }
    }

    private void FiltersSeen(Now now, IReadOnlyList<NatQuestion> asked)
    {
        foreach (var question in asked)
        {
            if (question.Server == _first.Link)
            {
                _anotherPort = question.IsAnswered;
            }
            else
            {
                _anotherAddress = question.IsAnswered;
            }
        }

        SeeOthers(now);
    }

    private void SeeOthers(Now now)
    {
        foreach (var at in (RealAddress[])[_second?.Address ?? default, _first.Second, _second?.Second ?? default])
        {
            if (!at.IsNone)
            {
                _toSee.Enqueue(at);
            }
        }

        SeeNext(now);
    }

    private void SeeNext(Now now)
    {
        if (_toSee.TryDequeue(out var at))
        {
            Ask(now, OtherSeen, See(at.SameHost(_first.Address) ? _first.Link : _second!.Link, at));
        }
        else
        {
            Conclude();
        }
    }

    private void OtherSeen(Now now, IReadOnlyList<NatQuestion> asked)
    {
        Note(_samples, asked[0]);
        SeeNext(now);
    }

    private void Conclude()
    {
        // That nothing came in from there says something only where something comes once it is spoken to.
        _anotherPort = _anotherPort == false && !_samples.Exists(s => s.Server == _first.Second) ? null : _anotherPort;
        _anotherAddress = _anotherAddress == false && !_samples.Exists(s => s.Server == _second!.Address) ? null : _anotherAddress;
        SeeFurther();
    }

    private void FurtherSeen(Now now, IReadOnlyList<NatQuestion> asked)
    {
        if (Note(_further, asked[0]))
        {
            SeeFurther();
        }
        else
        {
            IsOver = true;
        }
    }

    // How ports are given is seen by destinations where each has a mapping of its own; else by sockets, unless the port is kept.
    private void SeeFurther()
    {
        if (_further.Count < FurtherSockets && _samples[0].Mapped.Port != _samples[0].LocalPort
            && NatJudgement.Judge(Seen).Mapping is NatMapping.EndpointIndependent or NatMapping.Unknown)
        {
            reopen();
        }
        else
        {
            IsOver = true;
        }
    }

    /// <returns>Whether there is one more.</returns>
    private bool Note(List<NatSample> samples, NatQuestion question)
    {
        if (!question.IsAnswered)
        {
            return false;
        }

        // What cannot be an address of ours is a lie or a mistake, and says nothing.
        if (!CandidateAddress.IsPossible(question.Seen, context.Membership!.Addressing.Prefix))
        {
            context.Counters.Count("nat-seen-impossible");
            return false;
        }

        samples.Add(new(_port, question.By.Remote, question.Seen));
        return true;
    }
}
