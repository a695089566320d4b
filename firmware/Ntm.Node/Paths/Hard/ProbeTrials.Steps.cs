using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Paths.Hard;

// A trial's steps: sockets open, a look at the newest mapping, the exchange, the probes.
internal sealed partial class ProbeTrials
{
    private const int LooksMost = 2;

    private static readonly TimeSpan OpeningMost = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookSpacing = TimeSpan.FromMilliseconds(300);

    /// <summary>Whether a path came to be is looked at so often.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    // A server answers no check with more bytes than it has.
    private static readonly ByteString LookPadding = ByteString.CopyFrom(new byte[32]);

    /// <summary>The program opened a further socket, could not, or lost it (port 0).</summary>
    public void SocketOpened(Now now, int number, ushort port)
    {
        _sockets.Opened(number, port);
        if (port == 0)
        {
            foreach (var peer in Peers())
            {
                Withdraw(now, peer, p => p.Path.Uplink == number);
            }
        }

        if (_now is { State: ProbeState.Opening } trial && _sockets.AreSettled(trial.Wanted))
        {
            Opened(now, trial);
        }
    }

    /// <summary>A server answered a check.</summary>
    /// <returns>Whether it was one of ours here.</returns>
    public bool TryTakeLook(Now now, PathCheckReply reply)
    {
        if (_now is not { State: ProbeState.Looking } trial || !trial.Looking.Remove(reply.Id, out var looker))
        {
            return false;
        }

        foreach (var repeated in trial.Looking.Where(l => l.Value == looker).Select(l => l.Key).ToArray())
        {
            trial.Looking.Remove(repeated);
        }

        if (reply.Seen.TryRead(out var seen) && seen.SameHost(trial.Self.Mapped))
        {
            trial.Looked[looker] = seen.Port;
        }

        if (trial.Looking.Count == 0)
        {
            Exchange(now, trial);
        }

        return true;
    }

    /// <summary>A peer answered a check.</summary>
    /// <returns>Whether it was one of ours here: then there is a path.</returns>
    public bool TryTake(Now now, Peer peer, WirePath from, PathCheckReply reply)
    {
        if (_now is not { } trial || trial.Peer != peer || !trial.Sent.TryGetValue(reply.Id, out var probe) || probe.Path != from)
        {
            return false;
        }

        if (peer.Add(from, PathKind.PeerReflexive) is { } path)
        {
            path.IsProbed = true;
            path.Answered(now.Boot, now.Boot - probe.SentAt);
            Choose(now, peer);
            End(now, trial);
        }

        return true;
    }

    public void HandleTimeout(Now now)
    {
        if (_now is not { } trial || trial.At > now.Boot)
        {
            return;
        }

        switch (trial.State)
        {
            case ProbeState.Opening:
                Opened(now, trial);
                break;
            case ProbeState.Looking when trial.Looks < LooksMost:
                LookAgain(now, trial);
                break;
            case ProbeState.Looking:
                Exchange(now, trial); // with what was observed before
                break;
            case ProbeState.Probing:
                Probe(now, trial);
                break;
            default:
                trial.At = TimeSpan.MaxValue; // the request ends by itself
                break;
        }
    }

    private static int SocketsWanted(ProbeTrial trial) =>
        Math.Min(ProbeSchedule.SocketsWanted(trial.Plan, trial.Leads, trial.Self.Nat), trial.Self.MappingsMost) + trial.Self.LookersWanted;

    private void Start(Now now, ProbeTrial trial)
    {
        _now = trial;
        var wanted = SocketsWanted(trial);
        _manyMappingsFrom = HasManyMappings(trial) ? now.Boot + Limits.ProbeMappingsSpacing : _manyMappingsFrom;
        trial.At = now.Boot + OpeningMost;
        if (wanted == 0)
        {
            Exchange(now, trial);
        }
        else
        {
            trial.Wanted = _sockets.Want(trial.Self.Uplink, wanted);
        }
    }

    // Fewer sockets than wanted are a smaller chance, no failure.
    private void Opened(Now now, ProbeTrial trial)
    {
        trial.Sockets = _sockets.Open(trial.Wanted);
        var lookers = Math.Min(trial.Self.LookersWanted, trial.Sockets.Count - 1);
        if (lookers <= 0)
        {
            Exchange(now, trial);
            return;
        }

        foreach (var (number, _) in trial.Sockets.TakeLast(lookers))
        {
            trial.Looking.Add(context.Random(), number);
        }

        trial.Sockets = [.. trial.Sockets.SkipLast(lookers)];
        trial.State = ProbeState.Looking;
        LookAgain(now, trial);
    }

    // A socket that has sent nothing yet gets a new mapping, and a server says which port that has. It answers checks without taking us for moved.
    private void LookAgain(Now now, ProbeTrial trial)
    {
        trial.Looks++;
        trial.At = now.Boot + LookSpacing;
        var (server, by) = Servers().Where(s => s.Registered && s.Tunnel.IsEstablished)
            .Select(s => (s, s.Tunnel.Candidates.FirstOrDefault(p => p.Uplink == trial.Self.Uplink && context.LeadsToIPv4(p)))).FirstOrDefault(s => !s.Item2.IsNone);
        if (server is null)
        {
            Exchange(now, trial);
            return;
        }

        foreach (var (id, looker) in trial.Looking.OrderBy(l => l.Value))
        {
            var check = new Signal { PathCheck = new() { Id = id, Padding = LookPadding } };
            context.Signals!.Notify(now, server.Tunnel, check, new(looker, by.Remote, 0));
        }
    }

    private void Exchange(Now now, ProbeTrial trial)
    {
        var before = (ushort)Math.Min(Nats(trial.Self.Uplink)?.LatestPort ?? 0, ushort.MaxValue);
        trial.Self = trial.Self.With([.. trial.Looked.Values], before);
        var latest = trial.Looked.Count > 0 ? trial.Looked.Values.Last() : before;
        if (trial.Self.Nat.MapsByDestination)
        {
            trial.Sockets = [.. trial.Sockets.Take(trial.Self.MappingsMost)]; // those that sent nothing have no mapping
        }

        trial.OwnPorts = PortPrediction.Of(trial.Self.Nat, trial.Self.Mapped.Port, latest, [.. trial.Sockets.Select(s => s.Port)], context.Random()).Ports;
        var round = new ProbeRound { Nat = trial.Self.ToWire(latest), Mapped = trial.Self.Mapped.ToWire() };
        round.Ports.AddRange(trial.OwnPorts.Select(p => (uint)p));
        var signal = new Signal { ProbeRound = round };
        if (trial.Leads)
        {
            trial.State = ProbeState.Asking;
            trial.At = TimeSpan.MaxValue;
            context.Signals!.Request(now, trial.Peer.Tunnel, signal, (at, answer) => OnAnswer(at, trial, answer));
        }
        else
        {
            context.Signals!.Answer(now, trial.Peer.Tunnel, trial.RequestNumber, signal);
            Begin(now, trial);
        }
    }

    private void OnAnswer(Now now, ProbeTrial trial, Signal? answer)
    {
        if (_now != trial)
        {
            return;
        }

        switch (answer)
        {
            case { ProbeRound: { Nat: not null, Ports.Count: <= Limits.PredictedPorts } round } when round.Mapped.TryRead(out var mapped) && mapped.SameHost(trial.Host):
                trial.Theirs = round;
                Begin(now, trial);
                break;
            case { ProbeRound: not null }:
                context.Counters.Count(AddressNotSeen);
                End(now, trial, "the other node names another address than the coordinator");
                break;
            case { Refusal: { } refusal }:
                var isBusy = refusal.Reason == RefusalReason.RefusalBusy;
                End(now, trial, isBusy ? "the other node is busy" : "the other node refused a trial", isForNow: isBusy);
                break;
            default:
                End(now, trial, "the other node did not answer");
                break;
        }
    }

    private void Begin(Now now, ProbeTrial trial)
    {
        var round = trial.Theirs!;
        var theirs = NatShape.Read(round.Nat);
        trial.Plan = trial.Leads ? ProbePlan.Judge(trial.Self.Nat, theirs) : ProbePlan.Judge(theirs, trial.Self.Nat);
        var ports = round.Ports.Where(p => p is >= NatShape.PortLeast and <= ushort.MaxValue).Select(p => (ushort)p).ToList();
        if (ports.Count == 0 && round.Mapped.Port is >= NatShape.PortLeast and <= ushort.MaxValue)
        {
            ports.Add((ushort)round.Mapped.Port);
        }

        if (trial.Plan.Means is ProbeMeans.None or ProbeMeans.Checks)
        {
            End(now, trial); // a closer look has shown it
            return;
        }

        trial.Schedule = ProbeSchedule.Make(
            trial.Plan, trial.Leads, trial.Self.Nat, trial.OwnPorts, theirs, ports, trial.Sockets.Count,
            _budget.Left(now.Boot, trial.Purse, trial.Host), context.Random());
        trial.State = ProbeState.Probing;
        trial.StartedAt = now.Boot;
        Probe(now, trial);
    }

    private void Probe(Now now, ProbeTrial trial)
    {
        var (steps, peer) = (trial.Schedule!.Steps, trial.Peer);
        var past = now.Boot - trial.StartedAt;
        if (peer.Used is { IsDirect: true, State: PathState.Proven } || !peer.Tunnel.IsEstablished || past > trial.Schedule.Lasts + Limits.ProbeAnswers)
        {
            End(now, trial);
            return;
        }

        for (; trial.Steps < steps.Count && steps[trial.Steps].After <= past; trial.Steps++)
        {
            var step = steps[trial.Steps];
            var socket = step.Socket == 0 ? trial.Self.Uplink : trial.Sockets[step.Socket - 1].Number;
            var path = new WirePath(socket, Toward(trial, step.Port), 0);
            var check = new Signal { PathCheck = new() { Id = context.Random() } };
            if (!_budget.TrySpend(now.Boot, trial.Purse, trial.Host))
            {
                continue;
            }

            if (context.Signals!.Notify(now, peer.Tunnel, check, path))
            {
                trial.Sent[check.PathCheck.Id] = (path, now.Boot);
                context.Counters.Count(Probes);
            }
            else
            {
                context.Counters.Count(Unsent);
            }
        }

        var next = trial.Steps < steps.Count ? trial.StartedAt + steps[trial.Steps].After : TimeSpan.MaxValue;
        trial.At = next < now.Boot + Tick ? next : now.Boot + Tick;
    }
}
