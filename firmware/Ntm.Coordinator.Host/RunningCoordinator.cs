using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ntm.Coordinator.Host.Naming;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Store;
using Ntm.Tunnel;

namespace Ntm.Coordinator.Host;

/// <summary>The running program: core, store and pump put together. What a call of the core wants kept is stored before anything it sends leaves.</summary>
internal sealed partial class RunningCoordinator(CoordinatorConfig config, Fate fate, ILogger<RunningCoordinator> logger) : IHostedService
{
    private const int NoSuchFamily = 97; // EAFNOSUPPORT: the kernel has no IPv6

    private readonly NtmRecordLookup _lookup = new(new Resolver(config.Resolver).AskAsync, TimeProvider.System);
    private readonly CancellationTokenSource _stop = new();
    private IStore? _store;
    private Pump? _pump;

    public static Task<int> RunAsync(CoordinatorConfig config, CancellationToken cancel) => ProgramHost.RunAsync(
        config.Log,
        builder =>
        {
            builder.Services.AddSingleton(config);
            if (config.Dns is not null)
            {
                builder.Services.AddHostedService<PublicNames>(); // first: where a port is in use, nothing else is started
            }

            builder.Services.AddHostedService<RunningCoordinator>();
        },
        cancel);

    /// <summary>Everything that can fail for a reason of the owner's fails here, before the program says that it is ready.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(config.Data))
        {
            throw new FatalException(ExitCode.Missing, $"The data folder {config.Data} does not exist. Correct 'data' in {config.File}, or make the zone with 'init'.");
        }

        var key = new StaticKeyPair(NodeKeyFile.Read(config.KeyFile));
        _store = Store.Store.Open(config.StoreFile);
        var core = new CoordinatorCore(config.Model, key, SystemEntropy.Instance, _store.LoadAll());
        _pump = new Pump(core, new PumpOptions
        {
            Name = "coordinator",
            AfterEach = _ => Settle(core, _store),
            OnBug = fate.Fail,
            Exit = _ => { }, // the host ends the program, with the failure's own code
        });
        Open(_pump, AddressFamily.InterNetwork);
        Open(_pump, AddressFamily.InterNetworkV6);
        _pump.Start();
        LogReady(config.Model.Name, config.Model.Zone, config.Port, string.Join(" and ", config.Endpoints), key.Public.ToString());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Release();
        LogStopped();
        return Task.CompletedTask;
    }

    private void Open(Pump pump, AddressFamily family)
    {
        try
        {
            pump.AddSocket(UdpSocket.Open(family, config.Port, counters: pump.Counters));
        }
        catch (LinuxException e) when (e.Error == NoSuchFamily && family == AddressFamily.InterNetworkV6)
        {
            LogNoIPv6();
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Takes the core's events. A store that fails ends the program before anything is sent that leans on what was not kept.</summary>
    private void Settle(CoordinatorCore core, IStore store)
    {
        List<StoreWrite>? kept = null;
        while (core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case CoordinatorEvent.Keep keep:
                    (kept ??= []).Add(keep.Write);
                    break;
                case CoordinatorEvent.RecordWanted wanted:
                    _ = LookUpAsync(core, wanted.Zone);
                    break;
                case CoordinatorEvent.Notice notice:
                    LogNotice(notice.Warning ? LogLevel.Warning : LogLevel.Information, notice.Sentence);
                    break;
            }
        }

        if (kept is not null)
        {
            store.Write(kept);
        }
    }

    // Off the pump's thread, and back on it with the answer. A resolver that fails is an answer, too.
    private async Task LookUpAsync(CoordinatorCore core, string zone)
    {
        NtmRecordAnswer answer;
        try
        {
            answer = await _lookup.FindAsync(zone, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _pump?.Post(now => core.RecordFound(now, zone, answer));
    }

    private void Release()
    {
        _stop.Cancel();
        _lookup.Dispose();
        _pump?.Dispose();
        _store?.Dispose();
        (_pump, _store) = (null, null);
    }

    [LoggerMessage(LogLevel.Information, "Coordinator '{Name}' of zone {Zone} listens on UDP port {Port} and is reached at {Endpoints}; its key is {Key}.")]
    private partial void LogReady(string name, string zone, ushort port, string endpoints, string key);

    [LoggerMessage(LogLevel.Warning, "This system has no IPv6: listening on IPv4 only.")]
    private partial void LogNoIPv6();

    [LoggerMessage("{Sentence}")]
    private partial void LogNotice(LogLevel level, string sentence);

    [LoggerMessage(LogLevel.Information, "Stopped.")]
    private partial void LogStopped();
}
