using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Paths;

/// <summary>
/// Finds out, once for each uplink and IP family and on the first proven path there, whether runs of datagrams arrive as they were: some devices' drivers cut them
/// wrongly (docs/protocol.md section 5, docs/data-path.md). Checks of one length that leave together are a run; replies to them are of different lengths, and so none.
/// </summary>
internal sealed class RunChecks(NodeContext context)
{
    /// <summary>Counted: an uplink that spoils runs.</summary>
    public const string Spoilt = "uplink-spoils-runs";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Again = Limits.CheckAgain;
    private static readonly ByteString Padding = ByteString.CopyFrom(new byte[Limits.RunCheckPadding]);

    private readonly Dictionary<(int Uplink, bool IPv4), Uplink> _uplinks = [];

    /// <summary>At most one trial at a time.</summary>
    private Trying? _now;

    public TimeSpan NextDeadline => _now?.At ?? TimeSpan.MaxValue;

    /// <summary>For people: what is known of this uplink's runs in that family.</summary>
    public RunVerdict VerdictOf(int uplink, bool ipv4) => _uplinks.GetValueOrDefault((uplink, ipv4))?.Verdict ?? RunVerdict.Unknown;

    /// <summary>A peer is reached by a proven path: begins a trial where that uplink has had none.</summary>
    public void Look(Now now, Peer peer, PeerPath path)
    {
        if (_now is not null || path is not { State: PathState.Proven, RoundTrip: not null })
        {
            return;
        }

        var key = (UplinkSocket.UplinkOf(path.Path.Uplink), path.Path.Remote.IsIPv4);
        if (!_uplinks.TryGetValue(key, out var uplink))
        {
            _uplinks.Add(key, uplink = new Uplink());
        }

        if (uplink.Verdict == RunVerdict.Unknown && uplink.TryAt <= now.Boot)
        {
            _now = new Trying(uplink, key, peer, path) { At = now.Boot };
        }
    }

    /// <summary>The uplink's device may be another one now: it is tried anew, and runs are used until then.</summary>
    public void Forget(int uplink)
    {
        foreach (var key in _uplinks.Keys.Where(k => k.Uplink == uplink).ToArray())
        {
            if (_uplinks[key].Verdict == RunVerdict.Spoilt)
            {
                context.Events.Enqueue(new NodeEvent.Runs(key.Uplink, key.IPv4, Allowed: true));
            }

            _uplinks.Remove(key);
        }

        if (_now?.Key.Uplink == uplink)
        {
            _now = null;
        }
    }

    /// <returns>Whether it answers one of ours here.</returns>
    public bool TryTake(Now now, Peer peer, WirePath from, PathCheckReply reply)
    {
        if (_now is not { } trying || trying.Peer != peer || trying.Path.Path != from || !trying.Ids.Remove(reply.Id, out var step))
        {
            return false;
        }

        trying.Trial.Answered(step);
        if (trying.Trial.Judge(over: false) == RunVerdict.Carried)
        {
            End(now, trying, RunVerdict.Carried);
        }

        return true;
    }

    public void HandleTimeout(Now now)
    {
        if (_now is not { } trying || trying.At > now.Boot)
        {
            return;
        }

        if (trying.Path.State != PathState.Proven || !trying.Peer.Tunnel.IsEstablished || !trying.Peer.Paths.Contains(trying.Path))
        {
            End(now, trying, RunVerdict.Unknown); // it went: another path will do
        }
        else if (trying.Trial.IsSent)
        {
            End(now, trying, trying.Trial.Judge(over: true));
        }
        else
        {
            Send(now, trying);
            trying.At = now.Boot + (trying.Trial.IsSent ? LastAnswers + (trying.Path.RoundTrip ?? TimeSpan.Zero) : Pace);
        }
    }

    private void Send(Now now, Trying trying)
    {
        var length = trying.Trial.IsRunNext ? Limits.RunCheckLength : 1;
        for (var i = 0; i < length; i++)
        {
            var check = new Signal
            {
                PathCheck = new() { Id = context.Random(), Padding = Padding, ReplyPadding = (uint)(i * Limits.ReplyPadding / Limits.RunCheckLength) },
            };
            if (context.Signals!.Notify(now, trying.Peer.Tunnel, check, trying.Path.Path))
            {
                trying.Ids[check.PathCheck.Id] = trying.Trial.Step;
            }
        }

        trying.Trial.Sent();
    }

    private void End(Now now, Trying trying, RunVerdict verdict)
    {
        _now = null;
        trying.Uplink.Verdict = verdict;
        trying.Uplink.TryAt = now.Boot + Again;
        if (verdict == RunVerdict.Spoilt)
        {
            context.Counters.Count(Spoilt);
            context.Events.Enqueue(new NodeEvent.Runs(trying.Key.Uplink, trying.Key.IPv4, Allowed: false));
            context.Warn($"Uplink {Name(trying.Key.Uplink)} loses datagrams that its device is handed several in one ({(trying.Key.IPv4 ? "IPv4" : "IPv6")}). "
                + "They go one by one from now on, which takes more processor time. A newer driver may help.");
        }
    }

    private string Name(int number) => context.Uplinks.TryGetValue(number, out var uplink) ? $"'{uplink.Name}'" : $"{number}";

    private sealed class Uplink
    {
        public RunVerdict Verdict { get; set; }

        public TimeSpan TryAt { get; set; } = TimeSpan.MinValue;
    }

    private sealed class Trying(Uplink uplink, (int Uplink, bool IPv4) key, Peer peer, PeerPath path)
    {
        public Uplink Uplink { get; } = uplink;

        public (int Uplink, bool IPv4) Key { get; } = key;

        public Peer Peer { get; } = peer;

        public PeerPath Path { get; } = path;

        public RunTrial Trial { get; } = new();

        public TimeSpan At { get; set; }

        /// <summary>Checks that are not answered, by id, each with its step.</summary>
        public Dictionary<ulong, int> Ids { get; } = [];
    }
}
