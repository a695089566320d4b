using System.Net;
using System.Net.Sockets;
using System.Text;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// The uplinks' sockets and what the core is told of the uplinks. Looks again whenever netlink says that something changed; an interface that
/// goes takes its sockets along, one that comes back gets them anew, with the same port, so that a NAT's mapping stays. Lives on the pump's thread.
/// </summary>
public sealed class Uplinks : IDisposable
{
    /// <summary>Where the ports are kept.</summary>
    public const string PortCollection = "gateway-uplink-port";

    /// <summary>How many free ports of IPv4 are tried for one that is free for IPv6 as well.</summary>
    private const int PairTries = 16;

    /// <summary>Datagrams that a further socket stages at once: most send two or three in their life.</summary>
    private const int FurtherBatch = 32;

    private readonly Pump _pump;
    private readonly NodeCore _core;
    private readonly LanConfig? _lan;
    private readonly StoreKeeper _keeper;
    private readonly ILogger _log;
    private readonly LinkWatch _watch = new();
    private readonly List<Attachment> _attachments;
    private UplinkDrill? _drill;

    /// <param name="lan">Null: a node alone.</param>
    /// <param name="kept">The ports kept before, by uplink name.</param>
    public Uplinks(
        Pump pump, NodeCore core, LanConfig? lan, IReadOnlyList<UplinkConfig> uplinks, IReadOnlyDictionary<string, ushort> kept, StoreKeeper keeper, ILogger log)
    {
        (_pump, _core, _lan, _keeper, _log) = (pump, core, lan, keeper, log);
        _attachments =
        [
            .. uplinks.Select((uplink, number) => new Attachment(number, uplink) { Port = uplink.Port != 0 ? uplink.Port : kept.GetValueOrDefault(uplink.Name) }),
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
            ApplyRuns(attachment);
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
            _core.SocketOpened(now, wanted.Number, wanted.IPv4, OpenFurther(attachment, wanted));
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

    /// <summary>Takes an uplink away in software; null: all are as they are again.</summary>
    public void SetDrill(Now now, UplinkDrill? drill)
    {
        foreach (var socket in _attachments.Where(a => a.Number == (drill ?? _drill)?.Number).SelectMany(a => (UdpSocket?[])[a.Socket4, a.Socket6, .. a.Further.Values]).OfType<UdpSocket>())
        {
            (drill ?? UplinkDrill.None).Apply(socket);
        }

        _drill = drill;
        Apply(now, _watch.Look(), starting: false);
    }

    public void Dispose() => _watch.Dispose();

    /// <summary>What an uplink is, from what Linux says. Pure.</summary>
    /// <param name="port4">The IPv4 socket's port; null: there is none. Likewise <paramref name="port6"/>.</param>
    /// <param name="failure">Why there are no sockets, where that is so.</param>
    public static UplinkState Judge(int number, UplinkConfig uplink, LinkPicture picture, ushort? port4, ushort? port6, string? failure)
    {
        UplinkState State(bool usable, string reason, IReadOnlyList<RealAddress> addresses) => new(number, uplink.Name, usable, reason, addresses);
        if (picture.Link(uplink.Interface) is not { } link)
        {
            return State(false, $"there is no interface {uplink.Interface}", []);
        }

        if (failure is not null)
        {
            return State(false, failure, []);
        }

        if (!link.Up)
        {
            return State(false, $"the interface {uplink.Interface} is down", []);
        }

        if (!link.Running)
        {
            return State(false, $"the interface {uplink.Interface} has no carrier", []);
        }

        var addresses = picture.AddressesOf(link.Index).ToList();
        if (addresses.Count == 0)
        {
            return State(false, $"the interface {uplink.Interface} has no address", []);
        }

        var reachable = new List<RealAddress>();
        foreach (var address in addresses.OrderBy(address => address.Temporary))
        {
            var ipv4 = address.Address.AddressFamily == AddressFamily.InterNetwork;
            if ((ipv4 ? port4 : port6) is { } port && picture.DefaultRouteOf(link.Index, ipv4) is not null)
            {
                reachable.Add(RealAddress.From(new IPEndPoint(address.Address, port)));
            }
        }

        var families = reachable.Select(address => address.IsIPv4 ? "IPv4" : "IPv6").Distinct().Order().ToList();
        return families.Count == 0
            ? State(false, $"the interface {uplink.Interface} has an address but no default route", [])
            : State(true, $"it has an address and a default route by {string.Join(" and ", families)}", reachable) with
            {
                Gateways = [.. new[] { true, false }.Select(ipv4 => picture.DefaultRouteOf(link.Index, ipv4)?.Gateway).OfType<IPAddress>()
                    .Select(gateway => RealAddress.From(new IPEndPoint(gateway, 0)))],
                MapsPorts = uplink.MapsPorts,
            };
    }

    private void Apply(Now now, LinkPicture picture, bool starting)
    {
        foreach (var attachment in _attachments)
        {
            var index = picture.Link(attachment.Config.Interface)?.Index;

            // What was refused before may be free now: another program's port, a family that was switched off.
            if (index != attachment.Index || attachment.Failure is not null)
            {
                Close(now, attachment);
                attachment.Index = index;
                if (index is not null)
                {
                    Open(attachment, starting);
                }
            }

            var state = Judge(attachment.Number, attachment.Config, picture, attachment.Socket4?.Port, attachment.Socket6?.Port, attachment.Failure);
            state = _drill?.Seen(state) ?? state;
            LookForNat64(attachment, state);
            _core.UplinkChanged(now, attachment.Nat64 is { } nat64 ? state with { Nat64 = nat64, Reason = $"{state.Reason}, and IPv4 through its network's NAT64 {nat64}" } : state);
        }

        if (_lan is not null && picture.Link(_lan.Interface) is { } lan)
        {
            var own = picture.Addresses.Where(address => address.Interface == lan.Index && address.Usable).Select(address => address.Address).ToList();
            _core.OwnAddressesChanged(now, own);
        }
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

    private void Open(Attachment attachment, bool starting)
    {
        attachment.Failure = null;
        var config = attachment.Config;
        try
        {
            try
            {
                OpenPair(attachment, attachment.Port);
            }
            catch (LinuxException taken) when (taken.Error == (int)Errno.AddressInUse && config.Port == 0 && attachment.Port != 0)
            {
                _log.Warning("Uplink {Uplink}: its port {Port} is now used by another program; it takes another, and peers behind NAT will have to find it anew.",
                    config.Name, attachment.Port);
                OpenPair(attachment, 0);
            }
        }
        catch (LinuxException refused) when (!starting || refused.Error is (int)Errno.NoDevice)
        {
            attachment.Failure = $"its sockets cannot be opened: {refused.Message.TrimEnd('.')}";
            return;
        }
        catch (LinuxException refused) when (refused.Error == (int)Errno.AddressInUse)
        {
            throw new FatalException(ExitCode.Unavailable,
                $"UDP port {config.Port} of uplink {config.Name} is in use by another program. Find it with 'ss -ulpn', or choose another \"port\" (0: any that is free).", refused);
        }
        catch (LinuxException refused)
        {
            throw new FatalException(Fatal.Explain(refused).Code, $"Uplink {config.Name}: {refused.Message}", refused);
        }

        var port = attachment.Socket4?.Port ?? attachment.Socket6!.Port;
        if (config.Port == 0 && port != attachment.Port)
        {
            _keeper.Keep(new StoreWrite(PortCollection, config.Name, Encoding.UTF8.GetBytes(port.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        }

        attachment.Port = port;
        _log.Information("Uplink {Uplink} uses UDP port {Port} on {Interface}.", config.Name, port, config.Interface);
    }

    /// <summary>IPv4 and IPv6 on one port; IPv4 alone where the machine has no IPv6.</summary>
    private void OpenPair(Attachment attachment, ushort wanted)
    {
        for (var tries = 1; ; tries++)
        {
            var four = UdpSocket.Open(AddressFamily.InterNetwork, wanted, attachment.Number, attachment.Config.Interface, _pump.Counters);
            try
            {
                attachment.Socket6 = UdpSocket.Open(AddressFamily.InterNetworkV6, four.Port, attachment.Number, attachment.Config.Interface, _pump.Counters);
            }
            catch (LinuxException refused) when (refused.Error is (int)Errno.FamilyNotSupported or (int)Errno.AddressNotAvailable)
            {
                attachment.Socket6 = null;
            }
            catch (LinuxException refused) when (refused.Error == (int)Errno.AddressInUse && wanted == 0 && tries < PairTries)
            {
                four.Dispose();
                continue;
            }
            catch
            {
                four.Dispose();
                throw;
            }

            attachment.Socket4 = four;
            ApplyRuns(attachment);
            ApplyDrill(attachment.Number, four);
            ApplyDrill(attachment.Number, attachment.Socket6);
            _pump.AddSocket(four);
            if (attachment.Socket6 is { } six)
            {
                _pump.AddSocket(six);
            }

            return;
        }
    }

    private ushort OpenFurther(Attachment attachment, NodeEvent.Socket wanted)
    {
        if (attachment.Index is null)
        {
            return 0;
        }

        try
        {
            var socket = UdpSocket.Open(
                wanted.IPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, 0, wanted.Number, attachment.Config.Interface, _pump.Counters, FurtherBatch);
            socket.SendsRuns = wanted.IPv4 ? !attachment.Singly4 : !attachment.Singly6;
            ApplyDrill(attachment.Number, socket);
            attachment.Further.Add((wanted.Number, wanted.IPv4), socket);
            _pump.AddSocket(socket);
            return socket.Port;
        }
        catch (LinuxException refused)
        {
            _log.Debug("Uplink {Uplink}: a further socket cannot be opened: {Reason}", attachment.Config.Name, refused.Message);
            return 0;
        }
    }

    private static void ApplyRuns(Attachment attachment)
    {
        attachment.Socket4?.SendsRuns = !attachment.Singly4;
        attachment.Socket6?.SendsRuns = !attachment.Singly6;
        foreach (var ((_, ipv4), socket) in attachment.Further)
        {
            socket.SendsRuns = ipv4 ? !attachment.Singly4 : !attachment.Singly6;
        }
    }

    // A socket made anew while the drill lasts.
    private void ApplyDrill(int number, UdpSocket? socket)
    {
        if (_drill?.Number == number && socket is not null)
        {
            _drill.Apply(socket);
        }
    }

    private void Close(Now now, Attachment attachment)
    {
        foreach (var socket in (UdpSocket?[])[attachment.Socket4, attachment.Socket6])
        {
            if (socket is not null)
            {
                _pump.RemoveSocket(socket);
            }
        }

        foreach (var ((number, ipv4), socket) in attachment.Further.ToArray())
        {
            attachment.Further.Remove((number, ipv4));
            _pump.RemoveSocket(socket);
            _core.SocketOpened(now, number, ipv4, 0);
        }

        (attachment.Socket4, attachment.Socket6, attachment.Failure) = (null, null, null);
    }

    /// <summary>errno values that mean something here (asm-generic/errno.h).</summary>
    private enum Errno
    {
        NoDevice = 19,
        FamilyNotSupported = 97,
        AddressInUse = 98,
        AddressNotAvailable = 99,
    }

    private sealed class Attachment(int number, UplinkConfig config)
    {
        public int Number { get; } = number;

        public UplinkConfig Config { get; } = config;

        /// <summary>The port to use again; 0: not known yet.</summary>
        public ushort Port { get; set; }

        /// <summary>The interface the sockets are bound to; null: it does not exist.</summary>
        public int? Index { get; set; }

        public UdpSocket? Socket4 { get; set; }

        public UdpSocket? Socket6 { get; set; }

        /// <summary>Sockets by which its NAT is looked at, by number and family.</summary>
        public Dictionary<(int Number, bool IPv4), UdpSocket> Further { get; } = [];

        /// <summary>Datagrams go one by one: the device spoils runs.</summary>
        public bool Singly4 { get; set; }

        public bool Singly6 { get; set; }

        public string? Failure { get; set; }

        /// <summary>The network it is in with IPv6 alone; null: it has IPv4, too, or is not usable.</summary>
        public string? IPv6Alone { get; set; }

        public Nat64Prefix? Nat64 { get; set; }
    }
}
