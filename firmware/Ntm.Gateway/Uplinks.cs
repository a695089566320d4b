using System.Text;
using Ntm.Hosting;
using Ntm.Interface;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Uplink;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// The uplinks: how they are by the kernel and by what the core heard, which one comes first, and who is told of it. Looks again whenever netlink says that something changed; an interface
/// that goes takes its sockets along, one that comes back gets them anew, with the same port, so that a NAT's mapping stays. Lives on the pump's thread.
/// </summary>
public sealed class Uplinks : IDisposable
{
    /// <summary>Where the ports are kept.</summary>
    public const string PortCollection = "gateway-uplink-port";

    private readonly Pump _pump;
    private readonly NodeCore _core;
    private readonly LanConfig? _lan;
    private readonly ILogger _log;
    private readonly LinkWatch _watch = new();
    private readonly List<Attachment> _attachments;
    private readonly UplinkSockets _sockets;
    private readonly UplinkWishes _wishes;
    private readonly OrdinaryTraffic _ordinary;
    private readonly Timer _timer;
    private LinkPicture _picture = new([], [], []);
    private UplinkChoice? _choice;

    /// <param name="lan">Null: a node alone.</param>
    /// <param name="kept">What the store holds: the ports, and the owner's wishes.</param>
    public Uplinks(
        Pump pump, NodeCore core, LanConfig? lan, IReadOnlyList<UplinkConfig> uplinks, IReadOnlyCollection<StoreWrite> kept, StoreKeeper keeper, OrdinaryTraffic ordinary, ILogger log)
    {
        (_pump, _core, _lan, _ordinary, _log) = (pump, core, lan, ordinary, log);
        _sockets = new(pump, core, keeper, log);
        _wishes = new(uplinks, kept, keeper.Keep);
        _timer = new(_ => _pump.Post(Settle));
        var ports = ReadPorts(kept);
        _attachments =
        [
            .. uplinks.Select((uplink, number) => new Attachment(number, uplink) { Port = uplink.Port != 0 ? uplink.Port : ports.GetValueOrDefault(uplink.Name) }),
        ];
    }

    /// <summary>The ports among what the store kept.</summary>
    public static IReadOnlyDictionary<string, ushort> ReadPorts(IEnumerable<StoreWrite> kept)
    {
        var ports = new Dictionary<string, ushort>(StringComparer.Ordinal);
        foreach (var write in kept.Where(write => write is { Collection: PortCollection, Value: not null }))
        {
            if (ushort.TryParse(Encoding.UTF8.GetString(write.Value!), out var port) && port != 0)
            {
                ports[write.Key] = port;
            }
        }

        return ports;
    }

    /// <summary>Opens what is there now and begins to watch. Before the pump starts.</summary>
    /// <exception cref="FatalException">A configured port is in use, or the privilege is missing.</exception>
    public void Start(Now now)
    {
        var picture = _watch.Look();
        if (_lan is not null && picture.Link(_lan.Interface) is null)
        {
            _log.Warning("The LAN's interface {Interface} does not exist. Devices are served as soon as it does; `ip link` shows the interfaces that exist.", _lan.Interface);
        }

        Apply(now, picture, starting: true);
        _pump.Watch(_watch.Descriptor, later =>
        {
            if (_watch.TakeChanges())
            {
                Apply(later, _watch.Look(), starting: false);
            }
        });
    }

    /// <summary>Whether an uplink's datagrams may go in runs: the core has found out.</summary>
    public void SetRuns(NodeEvent.Runs runs)
    {
        if (_attachments.Find(a => a.Number == runs.Uplink) is { } attachment)
        {
            (attachment.Singly4, attachment.Singly6) = runs.IPv4 ? (!runs.Allowed, attachment.Singly6) : (attachment.Singly4, !runs.Allowed);
            UplinkSockets.ApplyRuns(attachment);
        }
    }

    /// <summary>The core wants a further socket of an uplink, or no more. Done on the pump's next turn: it may be reading from that very socket.</summary>
    public void SetSocket(NodeEvent.Socket wanted) => _pump.Post(now =>
    {
        if (_attachments.Find(a => a.Number == UplinkSocket.UplinkOf(wanted.Number)) is not { } attachment)
        {
            return;
        }

        if (attachment.Further.Remove((wanted.Number, wanted.IPv4), out var former))
        {
            _pump.RemoveSocket(former);
        }

        if (wanted.Open)
        {
            _core.SocketOpened(now, wanted.Number, wanted.IPv4, _sockets.OpenFurther(attachment, wanted));
        }
    });

    /// <summary>Told, on the pump's thread, which uplinks have IPv6 alone now: a NAT64 may be theirs. Each time that one comes to it in another network.</summary>
    public Action<int, bool>? OnIPv6Alone { get; set; }

    /// <summary>What an uplink's network said of its NAT64; null: it has none.</summary>
    public void SetNat64(Now now, int number, Nat64Prefix? prefix)
    {
        if (_attachments.Find(a => a.Number == number) is { IPv6Alone: not null } attachment && attachment.Nat64 != prefix)
        {
            attachment.Nat64 = prefix;
            Apply(now, _watch.Look(), starting: false);
        }
    }

    /// <summary>Takes an uplink away in software; null: all are as they are again. On the pump's thread.</summary>
    public void SetDrill(Now now, UplinkDrill? drill)
    {
        foreach (var attachment in _attachments)
        {
            attachment.Drill = drill?.Number == attachment.Number ? drill : null;
            UplinkSockets.ApplyDrill(attachment);
        }

        Apply(now, _watch.Look(), starting: false);
    }

    /// <summary>What the owner wants of them; every change is carried out at once. On the pump's thread.</summary>
    public Verdict Wish(Now now, Func<UplinkWishes, Verdict> wish)
    {
        var verdict = wish(_wishes);
        if (verdict.Done)
        {
            Settle(now);
        }

        return verdict;
    }

    /// <summary>The core says who was heard on an uplink, or that everybody is silent. On the pump's thread.</summary>
    public void Take(Now now, NodeEvent.UplinkEvidence evidence)
    {
        if (_attachments.Find(a => a.Number == evidence.Uplink) is not { } attachment)
        {
            return;
        }

        var former = attachment.Health.Judgement;
        switch (evidence)
        {
            case { Answered: true }:
                attachment.Health.Answered(now.Boot, evidence.RoundTrip);
                break;
            case { Questions: > 0 }:
                attachment.Health.Silent(now.Boot, evidence.Silence, evidence.Questions);
                break;
            default:
                attachment.Health.NobodyToAsk(now.Boot);
                break;
        }

        if (attachment.Health.Judgement.Condition != former.Condition)
        {
            Settle(now);
        }
        else
        {
            Wake(now);
        }
    }

    /// <summary>How each is and where it stands, by number. On the pump's thread.</summary>
    public IReadOnlyDictionary<int, StandingDocument> Describe(Now now)
    {
        var use = _wishes.Wish.Use;
        return _choice is not { } choice ? new Dictionary<int, StandingDocument>() : _attachments.ToDictionary(a => a.Number, a =>
        {
            var place = choice.Places.First(p => p.Number == a.Number);
            var judged = a.Health.Judgement;
            return new StandingDocument(
                judged.Condition.ToString().ToLowerInvariant(), judged.Reason, Math.Max(0, Math.Round((now.Boot - judged.Since).TotalMilliseconds)), a.Usable ? place.Rank : null,
                place.Reason, _wishes.IsMetered(a.Config), choice.Carrier == a.Number, use == a.Number,
                a.Health.RoundTrip is { } trip ? Math.Round(trip.TotalMilliseconds, 1) : null);
        });
    }

    public void Dispose()
    {
        _timer.Dispose();
        _watch.Dispose();
    }

    private void Apply(Now now, LinkPicture picture, bool starting)
    {
        _picture = picture;
        foreach (var attachment in _attachments)
        {
            var index = picture.Link(attachment.Config.Interface)?.Index;

            // What was refused before may be free now: another program's port, a family that was switched off.
            if (index != attachment.Index || attachment.Failure is not null)
            {
                _sockets.Close(now, attachment);
                attachment.Index = index;
                if (index is not null)
                {
                    _sockets.Open(attachment, starting);
                }
            }

            var state = LinkJudgement.Of(attachment.Number, attachment.Config, picture, attachment.Socket4?.Port, attachment.Socket6?.Port, attachment.Failure);
            state = attachment.Drill?.Seen(state) ?? state;
            LookForNat64(attachment, state);
            attachment.Links = attachment.Nat64 is { } nat64 ? state with { Nat64 = nat64, Reason = $"{state.Reason}, and IPv4 through its network's NAT64 {nat64}" } : state;
            attachment.Health.Found(now.Boot, state.Usable ? LinkFact.Ready : index is null ? LinkFact.Missing : LinkFact.NotReady, attachment.Links.Reason);
        }

        Settle(now);
        if (_lan is not null && picture.Link(_lan.Interface) is { } lan)
        {
            var own = picture.Addresses.Where(address => address.Interface == lan.Index && address.Usable).Select(address => address.Address).ToList();
            _core.OwnAddressesChanged(now, own);
        }
    }

    // What all that is known comes to: the core, the rules of ordinary traffic and the log are told, the worst first, so that nothing is aimed at what has gone.
    private void Settle(Now now)
    {
        foreach (var attachment in _attachments)
        {
            attachment.Health.HandleTimeout(now.Boot);
        }

        var choice = UplinkChoice.Of([.. _attachments.Select(a => new UplinkStanding(a.Number, a.Config.Name, a.Health.Judgement.Condition, a.Usable, _wishes.IsMetered(a.Config)))], _wishes.Wish);
        foreach (var place in choice.Places.Reverse())
        {
            var attachment = _attachments.First(a => a.Number == place.Number);
            var state = attachment.Links!;
            if (state.Usable && !attachment.Usable)
            {
                state = state with { Usable = false, Reason = attachment.Health.Judgement.Reason, Addresses = [], Gateways = [] };
            }

            _core.UplinkChanged(now, state with { Rank = place.Rank, Metered = _wishes.IsMetered(attachment.Config) });
            Tell(attachment);
        }

        if (_choice is not null && choice.Carrier != _choice.Carrier)
        {
            _log.Information("Ordinary traffic goes by another uplink: {Reason}.", choice.Reason);
        }

        _choice = choice;
        _ordinary.Set(_picture, number => _attachments[number] is { Usable: true, Health.Judgement.Condition: not UplinkCondition.Offline }, choice.Carrier);
        Wake(now);
    }

    // The core says itself what is usable and what is not.
    private void Tell(Attachment attachment)
    {
        var judged = attachment.Health.Judgement;
        if (judged.Condition != attachment.Told && attachment.Told is { } told
            && (Answers(judged.Condition) || Answers(told) || (judged.Condition == UplinkCondition.Online && attachment.Usable)))
        {
            _log.Information("Uplink {Uplink} is {Condition}: {Reason}.", attachment.Config.Name, judged.Condition.ToString().ToLowerInvariant(), judged.Reason);
        }

        attachment.Told = judged.Condition;
        static bool Answers(UplinkCondition condition) => condition is UplinkCondition.Offline or UplinkCondition.Degraded;
    }

    private void Wake(Now now)
    {
        var next = _attachments.Min(a => a.Health.NextDeadline);
        _timer.Change(next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : next > now.Boot ? next - now.Boot + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    // The network is told from another by its addresses' prefixes: privacy addresses come and go in one and the same.
    private void LookForNat64(Attachment attachment, UplinkState state)
    {
        var network = state.Usable && state.Addresses.All(a => !a.IsIPv4) ? string.Join(' ', state.Addresses.Select(a => a.High).Distinct().Order()) : null;
        if (network != attachment.IPv6Alone)
        {
            (attachment.IPv6Alone, attachment.Nat64) = (network, null);
            OnIPv6Alone?.Invoke(attachment.Number, network is not null);
        }
    }
}
