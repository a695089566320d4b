using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ntm.Coordinator.Naming;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Coordinator.Host.Naming;

/// <summary>The zone's public DNS at work: <see cref="ZoneAuthority"/> behind its sockets. It shares nothing with the coordinator core, so it has a lock of its own.</summary>
internal sealed partial class PublicNames(CoordinatorConfig config, ILogger<PublicNames> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_warningSpacing = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Counters _counters = new();
    private ZoneAuthority? _authority;
    private NameListener? _listener;
    private TimeSpan _warned = TimeSpan.MinValue;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var zone = ZonePublishing.Of(config, new StaticKeyPair(NodeKeyFile.Read(config.KeyFile)).Public);
        _authority = new ZoneAuthority(zone, _counters);
        _listener = new NameListener(
            config.Dns!.Listen, (message, asker, overTcp, _) => Task.FromResult(Answer(message, asker, overTcp)), heard: () => { }, Refused, LogFailed);
        await _listener.StartAsync(cancellationToken).ConfigureAwait(false);
        LogReady(zone.Zone, string.Join(" and ", _listener.Endpoints));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_listener is not null)
        {
            await _listener.StopAsync(cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                LogCounters(_counters.All.Count == 0 ? "nothing" : string.Join(", ", _counters.All.Select(c => $"{c.Key} {c.Value}")));
            }
        }
    }

    public void Dispose() => _listener?.Dispose();

    private byte[]? Answer(byte[] message, IPAddress asker, bool overTcp)
    {
        lock (_gate)
        {
            var now = BootClock.Now;
            var before = _counters[ZoneAuthority.RateDropped];
            var answer = _authority!.Hear(now, asker, overTcp, message);
            if (_counters[ZoneAuthority.RateDropped] > before && (_warned == TimeSpan.MinValue || now.Boot - _warned >= s_warningSpacing))
            {
                _warned = now.Boot;
                LogRate(asker);
            }

            return answer;
        }
    }

    private void Refused()
    {
        lock (_gate)
        {
            _counters.Count("authority-too-many");
        }
    }

    [LoggerMessage(LogLevel.Information, "It answers for the zone {Zone} in the public DNS at {Endpoints}.")]
    private partial void LogReady(string zone, string endpoints);

    [LoggerMessage(LogLevel.Warning, "More DNS questions come from around {Asker} than are answered: some are told to come by TCP, the rest are dropped. It may be somebody else who names that address.")]
    private partial void LogRate(IPAddress asker);

    [LoggerMessage(LogLevel.Information, "The zone's DNS stops; it counted {Counters}.")]
    private partial void LogCounters(string counters);

    [LoggerMessage(LogLevel.Debug, "{Sentence}")]
    private partial void LogFailed(string sentence);
}
