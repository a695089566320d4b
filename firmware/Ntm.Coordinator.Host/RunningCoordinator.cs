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
internal sealed partial class RunningCoordinator(CoordinatorConfig config, Fate fate, ILogger<RunningCoordinator> logger) : IHostedService, IDisposable
{
    private const int NoSuchFamily = 97; // EAFNOSUPPORT: the kernel has no IPv6

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly NtmRecordLookup _lookup = new(new Resolver(config.Resolver).AskAsync, TimeProvider.System)
    {
        TakesPrivate = config.Endpoints.All(CandidateAddress.IsPrivate),
    };
    private readonly CancellationTokenSource _stop = new();
    private IStore? _store;
    private Pump? _pump;
    private Task _looking = Task.CompletedTask;
    private MemberList? _written;

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
        _looking = LookAsync(core, _pump, _stop.Token);
        LogReady(config.Model.Name, config.Model.Zone, config.Port, string.Join(" and ", config.Endpoints), key.Public.ToString());
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(false);
        Release();
        LogStopped();
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>What goes by files: takes removals, and writes down who is in the zone.</summary>
    private async Task LookAsync(CoordinatorCore core, Pump pump, CancellationToken stop)
    {
        try
        {
            using var timer = new PeriodicTimer(LookEvery);
            string? said = null;
            do
            {
                try
                {
                    await TakeRemovalsAsync(core, pump).ConfigureAwait(false);
                    var list = MemberList.Of(await pump.Ask(core.Describe).ConfigureAwait(false), DateTimeOffset.UtcNow);
                    if (!list.Says(_written))
                    {
                        list.Write(config.Data);
                        _written = list;
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    if (e.Message != said)
                    {
                        LogFiles(said = e.Message);
                    }
                }
            }
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Stopping, or the pump has ended.
        }
    }

    private async Task TakeRemovalsAsync(CoordinatorCore core, Pump pump)
    {
        foreach (var (file, signed) in RemovalInbox.Look(config.Data).ToArray())
        {
            var (done, sentence) = signed is null
                ? (false, $"The file {file} holds no removal.")
                : await pump.Ask(now => core.Remove(now, signed)).ConfigureAwait(false);

            // Deleted only when the store has it: what is asked next is answered after the former's events were taken.
            await pump.Ask(static _ => true).ConfigureAwait(false);
            File.Delete(file);
            LogNotice(done ? LogLevel.Information : LogLevel.Warning, sentence);
        }
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

    [LoggerMessage(LogLevel.Warning, "The data folder cannot be used for removals and the list of members: {Reason} It is tried again every second.")]
    private partial void LogFiles(string reason);

    [LoggerMessage(LogLevel.Information, "Stopped.")]
    private partial void LogStopped();
}
