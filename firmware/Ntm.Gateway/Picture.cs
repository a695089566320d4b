using System.Net;
using Ntm.Crypto;
using Ntm.Interface;
using Ntm.Node;
using Ntm.Protocol;

namespace Ntm.Gateway;

/// <summary>The core's status as the documents of the HTTP interface. Pure.</summary>
public static class Picture
{
    /// <param name="standings">How each uplink is, by number; null: not judged.</param>
    /// <param name="now">When the status was taken.</param>
    /// <param name="started">Boot time at which the program began.</param>
    /// <param name="more">Further counters: what Linux and the DNS listener refused.</param>
    public static PictureDocument Of(NodeStatus status, IReadOnlyDictionary<int, StandingDocument>? standings, Now now, TimeSpan started, string version, params IEnumerable<KeyValuePair<string, long>> more)
    {
        var counters = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (reason, count) in status.Counters.Concat(more))
        {
            counters[reason] = counters.GetValueOrDefault(reason) + count;
        }

        var names = status.Uplinks.ToDictionary(uplink => uplink.State.Number, uplink => uplink.State.Name);
        return new(
            new StatusDocument(
                version, now.Wall, Math.Round((now.Boot - started).TotalSeconds, 3), status.Member is { } member ? Of(member, now) : null,
                [.. status.Uplinks.OrderBy(uplink => uplink.State.Number).Select(uplink => Of(uplink, now) with { Standing = standings?.GetValueOrDefault(uplink.State.Number) })], counters, status.Removed),
            [.. status.Devices.OrderBy(device => device.Number).Select(device => Of(device, status.Member, now))],
            [.. status.Peers.Select(peer => Of(peer, names, now))]);
    }

    /// <summary>A verdict as the interface spells it: "no-such-name".</summary>
    public static string Spell(NameVerdict verdict) => verdict switch
    {
        NameVerdict.Found => "found",
        NameVerdict.NoSuchName => "no-such-name",
        NameVerdict.Unreachable => "unreachable",
        NameVerdict.NoCoordinator => "no-coordinator",
        _ => "not-ours",
    };

    public static ResolutionDocument Of(string name, NameAnswer answer, TimeSpan took)
    {
        var found = answer.Verdict == NameVerdict.Found;
        return new(
            name, Spell(answer.Verdict), found && !answer.Vip.IsNone ? answer.Vip.ToString() : null, found && answer.Alias != 0 ? IPv4(answer.Alias) : null,
            answer.Reason, Math.Round(took.TotalMilliseconds, 3));
    }

    public static SharesDocument Of(SharingStatus sharing) => new(
        sharing.NodePublished?.ToString(),
        [.. sharing.Given.Select(s => new GivenShareDocument(s.Id, s.Name, s.For, s.Ports.ToString(), s.Expires, s.Expired, s.AcceptedBy))],
        [.. sharing.Taken.Select(s => new TakenShareDocument(s.Name, s.Ports, s.Expires, s.Expired))]);

    private static MemberDocument Of(MemberStatus member, Now now) => new(
        member.Zone, $"{member.NodeName}.{member.Zone}", member.Own.ToString(), member.Key.ToString(), member.Registered, member.RegistrationReason,
        [.. member.Coordinators.Select(server => Of(server, now))], [.. member.Relays.Select(server => Of(server, now))]);

    private static ServerDocument Of(ServerStatus server, Now now) => new(
        server.Name, server.Key.ToString(), server.Address.ToString(), server.Connected, Age(server.LastHeard, now));

    private static UplinkDocument Of(UplinkStatus uplink, Now now) => new(
        uplink.State.Name, uplink.State.Usable ? "usable" : "unusable", uplink.State.Reason, [.. uplink.State.Addresses.Select(address => address.ToString())],
        [.. uplink.Mapped.Select(mapped => new MappedDocument(mapped.SeenBy, mapped.Address.ToString()))], uplink.NatMapping,
        uplink.BytesReceived, uplink.BytesSent)
    {
        Nats = [.. uplink.Nats.Select(NatPicture.Of)],
        Ports = [.. uplink.Ports.Select(port => Of(port, now))],
    };

    private static PortDocument Of(PortStatus port, Now now) => new(
        port.IPv4 ? "IPv4" : "IPv6", port.By, port.By is null ? null : port.External.ToString(), port.Until is { } until ? Minute(now.Wall + (until - now.Boot)) : null,
        port.Sentence);

    // Seconds would be news each time the two clocks are read a little apart.
    private static DateTimeOffset Minute(DateTimeOffset time) =>
        new((time.UtcTicks + (TimeSpan.TicksPerMinute / 2)) / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute, TimeSpan.Zero);

    private static DeviceDocument Of(DeviceStatus device, MemberStatus? member, Now now) => new(
        device.Mac.ToString(), device.Number, device.Name,
        device.Name is not null && member is not null ? $"{device.Name}.{member.NodeName}.{member.Zone}" : null,
        device.Name is not null, [.. device.Addresses.Select(address => address.ToString())], Age(device.LastSeen, now),
        device.Name is null ? null : device.Ports.ToString())
    {
        Macs = [.. device.Macs.Select(mac => mac.ToString())],
        Hint = device.Hint,
    };

    private static PeerDocument Of(PeerStatus peer, Dictionary<int, string> uplinks, Now now) => new(
        peer.Name, peer.Key.ToString(), peer.Vip.ToString(), peer.Established, peer.Direct, peer.Reason, Age(peer.LastHandshake, now), Age(peer.LastReceived, now),
        peer.BytesReceived, peer.BytesSent,
        [.. peer.Aliases.Select(alias => new AliasDocument(IPv4(alias.Alias), alias.Vip.ToString(), alias.Name))],
        [.. peer.Paths.Select(path => Of(path, uplinks))])
    {
        Cipher = peer.Suite?.Name(),
    };

    private static PathDocument Of(PathStatus path, Dictionary<int, string> uplinks) => new(
        uplinks.GetValueOrDefault(UplinkSocket.UplinkOf(path.Path.Uplink)) ?? $"uplink {UplinkSocket.UplinkOf(path.Path.Uplink)}", path.Path.Remote.ToString(), path.Path.Channel, path.Kind, path.State,
        path.RoundTrip is { } trip ? Math.Round(trip.TotalMilliseconds, 3) : null, path.Reason, path.BytesSent, path.BytesReceived)
    {
        Mtu = path.Mtu,
        MtuReason = path.MtuReason,
    };

    private static string IPv4(uint address) => new IPAddress((long)(uint)IPAddress.HostToNetworkOrder((int)address)).ToString();

    private static double? Age(TimeSpan? at, Now now) => at is { } then ? Math.Max(0, Math.Round((now.Boot - then).TotalMilliseconds)) : null;
}
