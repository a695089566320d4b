using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Store;
using Ntm.Tunnel;

namespace Ntm.Relay.Host;

/// <summary>The running program: core, store and pump put together.</summary>
internal sealed partial class RunningRelay(RelayConfig config, Fate fate, ILogger<RunningRelay> logger) : IHostedService
{
    private IStore? _store;
    private Pump? _pump;

    public static Task<int> RunAsync(RelayConfig config, CancellationToken cancel) => ProgramHost.RunAsync(
        config.Log,
        builder =>
        {
            builder.Services.AddSingleton(config);
            builder.Services.AddHostedService<RunningRelay>();
        },
        cancel);

    /// <summary>Everything that can fail for a reason of the operator's fails here, before the program says that it is ready.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(config.Data))
        {
            throw new FatalException(ExitCode.Missing, $"The data folder {config.Data} does not exist. Correct 'data' in {config.File}, or join with '{RelayCommand.Program} join'.");
        }

        try
        {
            Start(new StaticKeyPair(NodeKeyFile.Read(config.KeyFile)));
        }
        catch
        {
            Release();
            throw;
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Release();
        LogStopped();
        return Task.CompletedTask;
    }

    private void Start(StaticKeyPair key)
    {
        var store = _store = Store.Store.Open(config.StoreFile);
        var core = new RelayCore(config.Model, key, SystemEntropy.Instance, store.LoadAll());
        if (!core.IsMember)
        {
            RelayEvents.Take(core, store, LogSentence);   // says what is wrong with what is kept
            throw new FatalException(
                ExitCode.Config, $"The relay in {config.Data} is in no zone. Join with '{RelayCommand.Program} join' into a new folder, and run that one.");
        }

        _pump = new Pump(core, new PumpOptions
        {
            Name = "relay",
            BatchSlots = Limits.RelayBatchSlots,
            AfterEach = _ => RelayEvents.Take(core, store, LogSentence),
            OnBug = fate.Fail,
            Exit = _ => { }, // the host ends the program, with the failure's own code
        });
        if (!RelaySockets.Open(_pump, config.Port))
        {
            LogNoIPv6();
        }

        core.SecondPort = SecondPort.Open(_pump, config.SecondPort, out var problem);
        if (problem is not null)
        {
            LogNoSecondPort(problem);
        }

        _pump.Start();
        LogReady(config.Port, string.Join(" and ", config.Model.Endpoints), key.Public.ToString());
    }

    private void Release()
    {
        _pump?.Dispose();
        _store?.Dispose();
        (_pump, _store) = (null, null);
    }

    private void LogSentence(bool warning, string sentence) => LogNotice(warning ? LogLevel.Warning : LogLevel.Information, sentence);

    [LoggerMessage(LogLevel.Information, "The relay listens on UDP port {Port} and is reached at {Endpoints}; its key is {Key}.")]
    private partial void LogReady(ushort port, string endpoints, string key);

    [LoggerMessage(LogLevel.Warning, "This system has no IPv6: listening on IPv4 only.")]
    private partial void LogNoIPv6();

    [LoggerMessage(LogLevel.Warning, "There is no second port, so nodes learn less of their NATs: {Problem} Another can be named as 'secondPort'.")]
    private partial void LogNoSecondPort(string problem);

    [LoggerMessage("{Sentence}")]
    private partial void LogNotice(LogLevel level, string sentence);

    [LoggerMessage(LogLevel.Information, "Stopped.")]
    private partial void LogStopped();
}
