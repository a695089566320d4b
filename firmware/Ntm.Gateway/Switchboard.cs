using Ntm.Gateway.Http;
using Ntm.Interface;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Node.Naming;
using Ntm.Protocol;

namespace Ntm.Gateway;

/// <summary>
/// Puts questions of other threads (HTTP, DNS) to the core on the pump's thread, and hands the core's later answers to whoever asked. What is outstanding is bounded.
/// </summary>
public sealed class Switchboard(GatewayConfig config, Pump pump, NodeCore core, OverlayDns dns, Counters dnsCounters, TimeSpan started, string version)
{
    /// <summary>Names asked for and not answered yet, at most, over all askers.</summary>
    public const int NamesMost = 512;

    /// <summary>How long the pump may take for anything that it answers at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The core answers within <see cref="Limits.NameAnswerDeadline"/>; this is for when it does not.</summary>
    private static readonly TimeSpan NamePatience = Limits.NameAnswerDeadline + TimeSpan.FromSeconds(3);

    /// <summary>A provisional tunnel lives 30 s; so long a join can take.</summary>
    private static readonly TimeSpan JoinPatience = Limits.ProvisionalLifetime + TimeSpan.FromSeconds(3);

    // On the pump's thread only.
    private readonly Dictionary<long, Action<NameAnswer>> _names = [];
    private TaskCompletionSource<Verdict>? _join;
    private long _ticket;

    /// <summary>Questions not taken because too many were outstanding. Counted by the DNS listener.</summary>
    private long _refused;

    /// <summary>Set before anybody is heard: made after the uplinks.</summary>
    public Drills? Drills { get; set; }

    /// <summary>How they are, and what is wanted of them.</summary>
    public Uplinks? Uplinks { get; set; }

    public Desk Desk() => new(
        PictureAsync,
        JoinAsync,
        (mac, name, ports, stop) => AskAsync(now => core.Publish(now, mac, name, ports), stop),
        (mac, stop) => AskAsync(now => core.Unpublish(now, mac), stop),
        ResolveAsync,
        (mac, other, stop) => AskAsync(now => core.Merge(now, mac, other), stop),
        (mac, off, stop) => AskAsync(now => core.Split(now, mac, off), stop),
        new SharesDesk(
            stop => AskAsync(now => Picture.Of(core.Describe(now).Sharing), stop),
            (device, forWhom, ports, lasts, stop) => AskAsync(now => (core.Share(now, device, forWhom, ports, lasts, out var code), code), stop),
            (id, stop) => AskAsync(now => core.Unshare(now, id), stop),
            (code, stop) => AskAsync(now => core.Accept(now, code), stop),
            (name, stop) => AskAsync(now => core.Drop(now, name), stop),
            (ports, stop) => AskAsync(now => core.PublishNode(now, ports), stop)))
    {
        Handovers = new(
            stop => AskAsync<IReadOnlyList<HandoverDocument>>(now => [.. core.Handovers(now).Select(HandoverPicture.Of)], stop),
            stop => AskAsync(now => Drills?.Describe(now), stop),
            (name, way, lasts, force, stop) => AskAsync(now => Drills!.Begin(now, name, way, lasts, force), stop),
            (name, stop) => AskAsync(now => Drills!.Stop(now, name), stop)),
        Leave = (zone, stop) => AskAsync(now => core.Leave(now, zone), stop),
        Uplinks = new(
            (names, stop) => AskAsync(now => Uplinks!.Wish(now, wishes => wishes.Prefer(names)), stop),
            (name, stop) => AskAsync(now => Uplinks!.Wish(now, wishes => wishes.Use(name)), stop),
            (name, metered, stop) => AskAsync(now => Uplinks!.Wish(now, wishes => wishes.Meter(name, metered)), stop)),
    };

    /// <summary>On the pump's thread: the core ended a join.</summary>
    public void OnJoinEnded(Verdict verdict)
    {
        _join?.TrySetResult(verdict);
        _join = null;
    }

    /// <summary>On the pump's thread: the core answered for a name.</summary>
    public void OnNameAnswered(long ticket, NameAnswer answer)
    {
        if (_names.Remove(ticket, out var then))
        {
            then(answer);
        }
    }

    /// <summary>The DNS listener turned a question away.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>A DNS message from the LAN.</summary>
    /// <returns>The answer; null: none is to be sent.</returns>
    /// <exception cref="TimeoutException">The core gave none in time.</exception>
    public Task<byte[]?> AnswerDnsAsync(byte[] message, CancellationToken stop)
    {
        var answered = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = pump.Post(now =>
        {
            var answer = dns.Hear(message, out var wanted);
            if (wanted is null)
            {
                answered.TrySetResult(answer);
            }
            else
            {
                Want(now, wanted.Name, found => answered.TrySetResult(dns.Answer(wanted, found)));
            }
        });
        if (!taken)
        {
            answered.TrySetResult(null);
        }

        return InTime(answered.Task, NamePatience, "The name was not answered.", stop);
    }

    private void Want(Now now, string name, Action<NameAnswer> then)
    {
        if (_names.Count >= NamesMost)
        {
            CountRefused();
            then(new(NameVerdict.NoCoordinator, default, 0, "too many names are being asked for at this moment"));
            return;
        }

        _names[++_ticket] = then;
        core.NameWanted(now, _ticket, name);
    }

    private Task<PictureDocument> PictureAsync(CancellationToken stop) => AskAsync(
        now =>
        {
            var picture = Picture.Of(core.Describe(now), Uplinks?.Describe(now), now, started, version, [.. pump.Counters.All, .. dnsCounters.All, new("dns-too-many", Interlocked.Read(ref _refused))]);
            return picture with { Status = picture.Status with { DataPath = DataPathPicture.Of(pump, config) } };
        },
        stop);

    private async Task<Verdict> JoinAsync(JoinOrder order, CancellationToken stop)
    {
        var mine = new TaskCompletionSource<Verdict>(TaskCreationOptions.RunContinuationsAsynchronously);
        var free = await AskAsync(now =>
        {
            if (_join is not null)
            {
                return false;
            }

            _join = mine;
            core.Join(now, order.Code, order.Name);
            return true;
        }, stop);
        if (!free)
        {
            return new(false, "Another join is under way. Wait for its end, at most half a minute.");
        }

        try
        {
            return await InTime(mine.Task, JoinPatience,
                "No coordinator of the zone answered. Look at the uplinks, and whether the coordinator runs and can be reached; the invite code stays good.", stop);
        }
        finally
        {
            pump.Post(_ =>
            {
                if (_join == mine)
                {
                    _join = null;
                }
            });
        }
    }

    private async Task<ResolutionDocument> ResolveAsync(string name, CancellationToken stop)
    {
        var begun = BootClock.Boot;
        var answered = new TaskCompletionSource<NameAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!pump.Post(now => Want(now, name, answer => answered.TrySetResult(answer))))
        {
            throw new TimeoutException("The gateway is stopping.");
        }

        var answer = await InTime(answered.Task, NamePatience, $"Nothing is known of {name} in time.", stop);
        return Picture.Of(name, answer, BootClock.Boot - begun);
    }

    private Task<T> AskAsync<T>(Func<Now, T> question, CancellationToken stop) =>
        InTime(pump.Ask(question), Patience, "The gateway is too busy to answer, or is stopping. Its log says more.", stop);

    private static async Task<T> InTime<T>(Task<T> answer, TimeSpan patience, string otherwise, CancellationToken stop)
    {
        try
        {
            return await answer.WaitAsync(patience, stop);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(otherwise);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException("The gateway is stopping.");
        }
    }
}
