using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ntm.Gateway.Http;
using Ntm.Gateway.Mapping;
using Ntm.Crypto;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Node.Naming;
using Ntm.Protocol;
using Ntm.Store;
using Ntm.Tunnel;
using Serilog.Core;

namespace Ntm.Gateway;

/// <summary>
/// The gateway put together: store, key, core, pump, uplinks, TUN, DNS, HTTP. It opens everything before anything runs, so that whatever is wrong is said
/// at once; then it carries the core's events to where they belong, and takes all of it down in the opposite order.
/// </summary>
public sealed class Appliance : IDisposable
{
    private const string RouteCollection = "gateway-route";
    private const string RouteKey = "other-zones";

    private readonly GatewayConfig _config;
    private readonly Logger _log;
    private readonly IStore _store;
    private readonly StoreKeeper _keeper;
    private readonly NodeCore _core;
    private readonly Pump _pump;
    private readonly Counters _dnsCounters = new();
    private readonly OverlayDns _dns;
    private readonly Switchboard _switchboard;
    private readonly Neighbours? _neighbours;
    private readonly Uplinks _uplinks;
    private readonly Drills _drills;
    private readonly OrdinaryTraffic _ordinary;
    private readonly BoxTransport _boxes;
    private readonly Nat64Discovery _nat64;
    private readonly NameListener _names;
    private IPNetwork[] _routed; // other owners' zones
    private IPAddress? _own;
    private Fate? _fate;

    /// <exception cref="FatalException">Something is wrong that the owner can mend.</exception>
    /// <exception cref="StoreException">The store cannot be used.</exception>
    public Appliance(GatewayConfig config, Logger log)
    {
        (_config, _log) = (config, log);
        var undo = new Stack<IDisposable>();
        try
        {
            Examine(config);
            Directory.CreateDirectory(config.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var key = new StaticKeyPair(NodeKeyFile.ReadOrCreate(config.KeyFile, SystemEntropy.Instance));
            if (config.Cipher.Suites.HasAes256Gcm)
            {
                PacketCipher.WarmUp(CipherSuite.Aes256Gcm, config.Cipher.Aes); // the first packet would wait for the compiler
            }

            undo.Push(_store = Store.Store.Open(config.StoreFile));
            _keeper = new StoreKeeper(_store, log);
            var kept = _store.LoadAll();
            _routed = ReadRoutes(kept);
            _core = new NodeCore(key, SystemEntropy.Instance, config.NodeOptions, kept.Where(write => write.Collection is not (Uplinks.PortCollection or UplinkWishes.Collection)));
            undo.Push(_pump = new Pump(_core, new PumpOptions { Lanes = config.Lanes, AfterEach = AfterEach, OnBug = OnBug }));
            _dns = new OverlayDns(_core.NameOf, _dnsCounters) { AnswersIPv6 = config.Lan?.IPv6 ?? true };
            _switchboard = new Switchboard(config, _pump, _core, _dns, _dnsCounters, BootClock.Boot, Version);
            if (config.Lan is { } home)
            {
                undo.Push(_neighbours = new Neighbours(
                    home, seen => _pump.Post(now => _core.NeighboursSeen(now, seen)), leases => _pump.Post(now => _core.LeasesSeen(now, leases)), log));
            }

            undo.Push(_names = new NameListener(
                config.DnsListen, (message, _, _, stop) => _switchboard.AnswerDnsAsync(message, stop), () => _neighbours?.Want(), _switchboard.CountRefused,
                sentence => log.Debug("{Sentence}", sentence)));
            undo.Push(_ordinary = new OrdinaryTraffic(config.Uplinks, log));
            undo.Push(_uplinks = new Uplinks(_pump, _core, config.Lan, config.Uplinks, kept, _keeper, _ordinary, log));
            _switchboard.Uplinks = _uplinks;
            undo.Push(_boxes = new BoxTransport(_pump, _core, config.Uplinks, log));
            _nat64 = new Nat64Discovery(config.Uplinks, (number, prefix) => _pump.Post(now => _uplinks.SetNat64(now, number, prefix)), log);
            undo.Push(_switchboard.Drills = _drills = new Drills(_pump, _core, _uplinks, log));
            _uplinks.OnIPv6Alone = _nat64.Look;
            _uplinks.Start(BootClock.Now);
            _pump.SetTun(Overlay.Open(config.Tun, _pump.Counters));
            if (config.Lan is { } lan)
            {
                Forwarding.Ensure(lan.IPv6, log);
            }
            else
            {
                DnsCapture.Remove(); // of when there was one
                log.Information("No \"lan\" is configured: this machine is a node alone, which serves its own programs and forwards for nobody.");
            }
        }
        catch
        {
            Undo();
            throw;
        }

        void Undo()
        {
            while (undo.TryPop(out var next))
            {
                next.Dispose();
            }
        }
    }

    public static string Version { get; } = typeof(Appliance).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <summary>Runs until it is told to stop.</summary>
    /// <exception cref="FatalException">It had to stop by itself.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var desk = _switchboard.Desk();
        var feed = new PictureFeed(desk);
        await using var app = HttpServer.Build(desk, feed, kestrel => kestrel.ListenUnixSocket(_config.Socket), builder =>
        {
            builder.Logging.UseSerilog(_log);
            builder.Services.AddSingleton<Fate>();
            builder.Services.AddSingleton(feed);
            builder.Services.AddHostedService<PictureClock>();
            if (_config.Lan is { } lan)
            {
                builder.Services.AddHostedService(_ => _neighbours!);
                builder.Services.AddHostedService(_ => new DnsCapture(lan, _config.Aliases, _log));
            }

            builder.Services.AddHostedService(_ => new OrdinaryTables(_config.Uplinks, _log));
            builder.Services.AddHostedService(_ => _names);
            builder.Services.AddHostedService(_ => _nat64);
            builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        });
        _fate = app.Services.GetRequiredService<Fate>();
        _pump.Start();
        try
        {
            await app.StartAsync(cancel);
        }
        catch (SocketException refused)
        {
            throw new FatalException(Fatal.Explain(refused).Code,
                $"The socket {_config.Socket} cannot be made: {refused.Message}. Run as a user who may write to its folder, or give another \"socket\" in the configuration.", refused);
        }

        File.SetUnixFileMode(_config.Socket, HttpServer.SocketMode);
        _log.Information("The gateway {Version} is ready; ntm and the console find it at {Socket}.", Version, _config.Socket);
        Systemd.Ready();
        await app.WaitForShutdownAsync(cancel);
        Systemd.Stopping();
        _log.Information("The gateway stops.");
        await _boxes.ReleaseAsync();
        if (_fate.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose()
    {
        _names.Dispose();
        _neighbours?.Dispose();
        _drills.Dispose();
        _pump.Dispose();
        _boxes.Dispose();
        _uplinks.Dispose();
        _ordinary.Dispose();
        _keeper.Flush(TimeSpan.MaxValue);
        _store.Dispose();
    }

    /// <summary>Looks at the machine before anything is opened; every finding at once, with the exit code of the first.</summary>
    private static void Examine(GatewayConfig config)
    {
        var findings = new List<(ExitCode Code, string Sentence)>();
        findings.AddRange(Preflight.Missing(Need.Administration).Select(missing => (ExitCode.NotPermitted, missing)));
        findings.AddRange(Preflight.Missing(Need.Tun | Need.IPv6).Select(missing => (ExitCode.System, missing)));
        using var links = new LinkWatch();
        if (findings.Count == 0 && links.Look().Link(config.Tun) is { } link && !Overlay.IsLeftOver(link))
        {
            findings.Add((ExitCode.Unavailable,
                $"There is an interface {config.Tun} already. Stop the program that made it (is a second gateway running?), or give another \"tun\" in the configuration."));
        }

        if (findings.Count == 0 && HttpServer.Prepare(config.Socket) is { } finding)
        {
            throw finding;
        }

        if (findings.Count > 0)
        {
            throw new FatalException(findings[0].Code, string.Join(Environment.NewLine, findings.Select(found => found.Sentence)));
        }
    }

    // On the pump's thread, after every call of the core and before what that call wants sent is sent.
    private void AfterEach(Now now)
    {
        while (_core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case NodeEvent.Keep keep:
                    _keeper.Keep(keep.Write);
                    break;
                case NodeEvent.JoinEnded ended:
                    _switchboard.OnJoinEnded(ended.Verdict);
                    break;
                case NodeEvent.Member member:
                    Become(member);
                    break;
                case NodeEvent.Left:
                    Unbecome();
                    break;
                case NodeEvent.OtherZones others:
                    Meet(others.Zones);
                    break;
                case NodeEvent.NameAnswered answered:
                    _switchboard.OnNameAnswered(answered.Ticket, answered.Answer);
                    break;
                case NodeEvent.Runs runs:
                    _uplinks.SetRuns(runs);
                    break;
                case NodeEvent.Socket socket:
                    _uplinks.SetSocket(socket);
                    break;
                case NodeEvent.UplinkEvidence evidence:
                    _uplinks.Take(now, evidence);
                    break;
                case NodeEvent.MappingDatagram datagram:
                    _boxes.Send(datagram);
                    break;
                case NodeEvent.MappingExchange request:
                    _boxes.Ask(request);
                    break;
                case NodeEvent.MappingsReleased:
                    _boxes.OnReleased();
                    break;
                case NodeEvent.NeighbourWanted:
                    _neighbours?.Want();
                    break;
                case NodeEvent.Notice { Warning: true } notice:
                    _log.Warning("{Sentence}", notice.Sentence);
                    break;
                case NodeEvent.Notice notice:
                    _log.Information("{Sentence}", notice.Sentence);
                    break;
            }
        }

        _keeper.Flush(now.Boot);
    }

    private void Become(NodeEvent.Member member)
    {
        _dns.Zone = new OverlayZone(member.Zone, member.ZonePrefix, _config.AliasNetwork, _config.Aliases.PrefixLength);
        _own = member.Own.ToIPAddress();
        TellNames();
        try
        {
            Overlay.SetUp(_pump.Tun!, member, _config.Aliases, _log);
        }
        catch (LinuxException refused)
        {
            _log.Fatal("The overlay's interface cannot be set up, so the gateway stops: {Reason}", refused.Message);
            _fate?.Fail(refused);
        }
    }

    // The interface stays; addresses and routes of the zone go.
    private void Unbecome()
    {
        _dns.Zone = null;
        _dns.Others = []; // said anew with the next membership
        _routed = [];
        try
        {
            _pump.Tun!.Clear();
            _pump.Tun.Mark(Overlay.Mark);

            // Devices that still hold aliases send to them: they end here, not unsealed on the Internet.
            _pump.Tun.AddRoute(_config.Aliases);
        }
        catch (LinuxException refused)
        {
            _log.Fatal("The overlay's interface cannot be cleared, so the gateway stops: {Reason}", refused.Message);
            _fate?.Fail(refused);
        }
    }

    /// <summary>Other owners' zones: their routes come and go with the shares, and dnsmasq is told.</summary>
    private void Meet(IReadOnlyList<OtherZone> zones)
    {
        var present = zones.Select(o => new IPNetwork(o.Prefix.ToIPAddress(), Overlay.ZoneLength)).Distinct().ToArray();
        _dns.Others = zones;
        TellNames();
        try
        {
            foreach (var gone in _routed.Except(present))
            {
                _pump.Tun!.RemoveRoute(gone);
            }

            foreach (var there in present)
            {
                _pump.Tun!.AddRoute(there, source: _own);
            }

            // The interface outlives this program: the next run must know what is to be taken away.
            if (!present.SequenceEqual(_routed))
            {
                _routed = present;
                _keeper.Keep(new(RouteCollection, RouteKey, Encoding.ASCII.GetBytes(string.Join(' ', present))));
            }
        }
        catch (LinuxException refused)
        {
            _log.Warning("The route of another owner's zone could not be changed; IPv6 devices may not reach it: {Reason}", refused.Message);
        }
    }

    private static IPNetwork[] ReadRoutes(IEnumerable<StoreWrite> kept) =>
    [
        .. kept.Where(entry => entry is { Collection: RouteCollection, Value: not null })
            .SelectMany(entry => Encoding.ASCII.GetString(entry.Value!).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(text => IPNetwork.TryParse(text, out var network) ? network : default).Where(network => network.PrefixLength == Overlay.ZoneLength),
    ];

    private void TellNames()
    {
        if (_dns.Zone is { } zone && _names.Endpoints.Count > 0)
        {
            _config.Forwarding.Tell(NameForwarding.Lines(zone.Zone, _dns.Others, _config.Aliases, _names.Endpoints[0]), _log);
        }
    }

    private void OnBug(Exception bug)
    {
        _log.Fatal(bug, "The gateway stops because of a defect of its own. Please report it with what follows.");
        _log.Dispose();
    }
}
