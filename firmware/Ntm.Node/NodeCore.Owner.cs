using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>What the owner may wish of the node: joining, publishing, sharing. Each is judged at once and answered with a sentence.</summary>
public sealed partial class NodeCore
{
    private const string AccessCollection = "access";
    private const string LessenedKey = "lessened-at";

    /// <summary>Joins a zone; ends with <see cref="NodeEvent.JoinEnded"/>. A member of a zone cannot join another.</summary>
    /// <param name="name">The wanted node name; null: the invite's, else refused.</param>
    public void Join(Now now, string inviteCode, string? name)
    {
        Start(now);
        _joining.Begin(now, inviteCode, name);
    }

    /// <param name="name">Null: the one the device calls itself by.</param>
    /// <param name="ports">What of the device may be reached; null: everything.</param>
    public Verdict Publish(Now now, MacAddress device, string? name, PortSet? ports = null)
    {
        Start(now);
        return Republish(now, Lessened(now, _devices.Publish(now, device, name, ports), ports is { IsAll: false }));
    }

    /// <summary>Lets others reach the node's own services, on these ports; null: no longer.</summary>
    public Verdict PublishNode(Now now, PortSet? ports)
    {
        Start(now);
        return Lessened(now, _devices.PublishNode(ports), ports is not { IsAll: true });
    }

    /// <summary>Shares a published device, or the node itself, with another owner: <see cref="Sharing.Shareholding.Give"/>.</summary>
    /// <param name="device">The device's published name; null: the node itself.</param>
    /// <param name="code">Where done: what the other owner is to be handed. It is a secret and not kept.</param>
    public Verdict Share(Now now, string? device, string forWhom, PortSet ports, TimeSpan lasts, out string? code)
    {
        Start(now);
        return _shareholding.Give(now, device, device is null ? null : _devices.Published().FirstOrDefault(d => d.Name == device), forWhom, ports, lasts, out code);
    }

    /// <summary>Takes a share back: its flows end at once, and the tunnels of its owner's nodes with the last one.</summary>
    public Verdict Unshare(Now now, int id)
    {
        Start(now);
        return Lessened(now, _shareholding.TakeBack(now, id), true);
    }

    /// <summary>Accepts a share of another owner.</summary>
    public Verdict Accept(Now now, string code)
    {
        Start(now);
        return _shareholding.Accept(now, code);
    }

    /// <summary>Gives an accepted share up.</summary>
    /// <param name="name">The shared name in full.</param>
    public Verdict Drop(Now now, string name)
    {
        Start(now);
        return _shareholding.Drop(now, name);
    }

    public Verdict Unpublish(Now now, MacAddress device)
    {
        Start(now);
        return Republish(now, Lessened(now, _devices.Unpublish(now, device), true));
    }

    /// <summary>Makes two MAC addresses one device, the first's number and name for both.</summary>
    public Verdict Merge(Now now, MacAddress device, MacAddress other)
    {
        Start(now);
        return Republish(now, _devices.Merge(now, device, other));
    }

    /// <summary>Takes one MAC address off its device.</summary>
    /// <param name="device">Any of the device's.</param>
    public Verdict Split(Now now, MacAddress device, MacAddress mac)
    {
        Start(now);
        return _devices.Split(now, device, mac);
    }

    /// <summary>
    /// Remembers that others may do less than before: a restart must not take up again what was cut with that, though a device still has the connection open.
    /// </summary>
    private Verdict Lessened(Now now, Verdict verdict, bool less)
    {
        if (verdict.Done && less)
        {
            Keep(new(AccessCollection, LessenedKey, BitConverter.GetBytes(_context.Sharing.Time(now).ToUnixTimeSeconds())));
        }

        return verdict;
    }

    /// <summary>
    /// Until when, after a restart, connections are taken up again by the remote's packets; not where access was lessened within a day, be it by a share that expired or is
    /// about to.
    /// </summary>
    private TimeSpan ResumesUntil(Now now, IEnumerable<StoreWrite> memory)
    {
        var lessened = memory.FirstOrDefault(e => e is { Collection: AccessCollection, Key: LessenedKey, Value.Length: sizeof(long) });
        var at = _context.Sharing.Time(now);
        return (lessened is not null && at.ToUnixTimeSeconds() - BitConverter.ToInt64(lessened.Value!) < Limits.LessenedAccessRemembered.TotalSeconds)
            || _context.Sharing.Given.All.Any(s => s.OwnerKey is not null && s.Expires > at - Limits.LessenedAccessRemembered && s.Expires <= at + Limits.FlowsResumedFor)
            ? TimeSpan.MinValue
            : now.Boot + Limits.FlowsResumedFor;
    }

    private Verdict Republish(Now now, Verdict verdict)
    {
        if (verdict.Done)
        {
            _registration.RegisterSoon(now);
        }

        return verdict;
    }
}
