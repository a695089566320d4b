using Ntm.Node.Nat;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Finds out whether somebody answers on each uplink, where there are several: asks our coordinators and relays by checks, which move nothing there. Who is silent is asked again soon, all
/// servers then, and the other uplinks as well: only where a server answers by another uplink does silence say something of the uplink, and not of the servers.
/// </summary>
/// <remarks>
/// Timers, for each uplink: <see cref="Idle"/> after it last answered on the one used first, unless it is metered, the keep-alive and <see cref="Slack"/> on others (what <see cref="Sightings"/>
/// asks there counts); <see cref="Busy"/> after traffic stopped; <see cref="Confirming"/> some times after it came; <see cref="Again"/> after a question that was not answered, later and later.
/// </remarks>
/// <param name="servers">Our own coordinators and relays.</param>
/// <param name="keepAliveOf">How long a path may be silent.</param>
internal sealed class UplinkWatch(NodeContext context, Func<IEnumerable<ServerLink>> servers, Func<WirePath, TimeSpan> keepAliveOf)
{
    /// <summary>Questions soon after one another before the pauses grow.</summary>
    private const int SoonMost = 8;

    /// <summary>Answers that are wanted soon after it came, or came back.</summary>
    private const int ConfirmMost = 12;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2), Busy = TimeSpan.FromMilliseconds(250), Confirming = TimeSpan.FromSeconds(1), Slack = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250), AgainMost = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMost = TimeSpan.FromSeconds(15), MeteredPauseMost = TimeSpan.FromSeconds(60);

    /// <summary>What is heard shows that datagrams come; that ours get through must be shown as often as this.</summary>
    private static readonly TimeSpan BothWaysWithin = TimeSpan.FromSeconds(5);

    private readonly UplinkEar?[] _byNumber = new UplinkEar?[UplinkSocket.UplinkMost + 1];
    private readonly List<UplinkEar> _ears = [];

    public TimeSpan NextDeadline
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var ear in _ears)
            {
                next = ear.Due < next ? ear.Due : next;
            }

            return next;
        }
    }

    /// <summary>Uplinks, their ranks or the servers changed.</summary>
    public void Look(Now now)
    {
        var usable = context.Uplinks.Values.Where(u => u.Usable).ToArray();
        foreach (var gone in _ears.Where(e => usable.Length < 2 || !usable.Any(u => u.Number == e.Number)).ToArray())
        {
            _ears.Remove(gone);
            _byNumber[gone.Number] = null;
            Withdraw(gone);
        }

        foreach (var uplink in usable.Length < 2 ? [] : usable)
        {
            var ear = _byNumber[uplink.Number];
            if (ear is null)
            {
                _byNumber[uplink.Number] = ear = new(uplink.Number) { Confirm = ConfirmMost, AskAt = now.Boot };
                _ears.Add(ear);
            }

            Pace(now, ear, uplink);
        }
    }

    /// <summary>An authenticated datagram came. For each one: nothing but a look at a clock already read.</summary>
    public void Heard(Now now, int socket)
    {
        if (_byNumber[UplinkSocket.UplinkOf(socket)] is { } ear)
        {
            ear.Heard(now.Boot, BothWaysWithin);
            if (ear is { Told: true, Round: 0 })
            {
                Good(ear, null);
            }
        }
    }

    /// <summary>A peer answered a check of ours: both directions work.</summary>
    public void Answered(Now now, int socket)
    {
        if (_byNumber[UplinkSocket.UplinkOf(socket)] is { } ear)
        {
            ear.Answered(now.Boot);
            if (ear.Told)
            {
                Good(ear, null);
            }
        }
    }

    /// <returns>Whether it answers one of ours.</returns>
    public bool TryTake(Now now, ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (_byNumber[UplinkSocket.UplinkOf(path.Uplink)] is not { } ear || !ear.Asked.Remove(reply.Id, out var question) || question.Server != from)
        {
            return false;
        }

        ear.Answered(now.Boot);
        ear.ServerAt = now.Boot;
        ear.Server = from;
        ear.Confirm = Math.Max(0, ear.Confirm - 1);
        var trip = now.Boot > question.At ? now.Boot - question.At : TimeSpan.Zero;
        ear.RoundTrip = ear.RoundTrip is { } known ? ((known * 7) + trip) / 8 : trip;
        Good(ear, trip);
        Pace(now, ear, context.Uplinks[ear.Number]);
        return true;
    }

    /// <summary>Nobody is asked any more: the node leaves its zone.</summary>
    public void Stop()
    {
        foreach (var ear in _ears)
        {
            _byNumber[ear.Number] = null;
            Withdraw(ear);
        }

        _ears.Clear();
    }

    public void HandleTimeout(Now now)
    {
        foreach (var ear in _ears)
        {
            if (ear.Due <= now.Boot && context.Uplinks.TryGetValue(ear.Number, out var uplink))
            {
                Turn(now, ear, uplink);
            }
        }
    }

    private void Turn(Now now, UplinkEar ear, UplinkState uplink)
    {
        var paths = PathsOf(ear).ToArray();
        if (paths.Length == 0)
        {
            ear.Forget(now.Boot + Slack);
            Withdraw(ear);
            return;
        }

        if (ear.Round == 0)
        {
            ear.Since = now.Boot;
        }
        else
        {
            Missed(now, ear);
        }

        ear.Round++;
        foreach (var (server, path) in ear.Round == 1 ? paths.Take(1) : paths)
        {
            var check = new Signal { PathCheck = new() { Id = context.Random(), Padding = NatQuestion.Padding } };
            if (context.Signals!.Notify(now, server.Tunnel, check, path))
            {
                ear.Ask(check.PathCheck.Id, server, now.Boot);
            }
        }

        var wait = ear.RoundTrip is { } trip && trip * 2 > Again ? trip * 2 : Again;
        wait = wait < AgainMost ? wait : AgainMost;
        var most = uplink.Metered ? MeteredPauseMost : PauseMost;
        for (var i = SoonMost; i < ear.Round && wait < most; i++)
        {
            wait *= 2;
        }

        ear.AskAt = now.Boot + (wait < most ? wait : most);
    }

    private void Missed(Now now, UplinkEar ear)
    {
        var others = _ears.Where(e => e != ear).ToArray();
        if (others.Any(e => e.ServerAt >= ear.Since))
        {
            ear.Told = true;
            ear.Confirm = ConfirmMost;
            context.Events.Enqueue(new NodeEvent.UplinkEvidence(ear.Number, false, null, now.Boot - ear.Since, ear.Round));
            return;
        }

        // Is it the servers?
        foreach (var other in others.Where(e => e.Round == 0))
        {
            other.AskAt = now.Boot;
        }

        if (ear.Round > SoonMost && others.All(e => e.Round > SoonMost))
        {
            Withdraw(ear);
        }
    }

    private void Good(UplinkEar ear, TimeSpan? roundTrip)
    {
        ear.Told = false;
        context.Events.Enqueue(new NodeEvent.UplinkEvidence(ear.Number, true, roundTrip, TimeSpan.Zero, 0));
    }

    private void Withdraw(UplinkEar ear)
    {
        if (ear.Told)
        {
            ear.Told = false;
            context.Events.Enqueue(new NodeEvent.UplinkEvidence(ear.Number, false, null, TimeSpan.Zero, 0));
        }
    }

    private void Pace(Now now, UplinkEar ear, UplinkState uplink)
    {
        ear.BusyPause = Busy;
        ear.Pause = ear.Confirm > 0 ? Confirming
            : uplink is { Rank: 0, Metered: false } ? Idle
            : PathsOf(ear).Select(p => keepAliveOf(p.Path) + Slack).DefaultIfEmpty(Slack).Min();
        if (ear.Round == 0 && ear.AskAt == TimeSpan.MaxValue && ear.LastAt is null)
        {
            ear.AskAt = now.Boot;
        }
    }

    // The first path of each server and IP family on the uplink; who answered last comes first, by the path its tunnel runs on.
    private IEnumerable<(ServerLink Server, WirePath Path)> PathsOf(UplinkEar ear)
    {
        if (context.Signals is null)
        {
            return [];
        }

        return servers().Where(s => s.Registered && s.Tunnel.IsEstablished).OrderBy(s => s != ear.Server).SelectMany(s => s.Tunnel.Candidates
            .Where(p => p.Uplink == ear.Number)
            .OrderBy(p => p != s.Tunnel.SendPath)
            .DistinctBy(context.LeadsToIPv4)
            .Select(p => (s, p)));
    }
}
