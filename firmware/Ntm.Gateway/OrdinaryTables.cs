using Microsoft.Extensions.Hosting;
using Ntm.Linux;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Keeps the tables of <see cref="OrdinaryRules"/> where there are several uplinks, and takes away what another run left where there are not. Others may flush the rules, so it looks every few
/// seconds.
/// </summary>
public sealed class OrdinaryTables(IReadOnlyList<UplinkConfig> uplinks, ILogger log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private string? _said;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Nftables.Run(OrdinaryRules.Removal);
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (uplinks.Count > 1)
        {
            Install();
            return base.StartAsync(cancellationToken);
        }

        Nftables.Run(OrdinaryRules.Removal);
        return Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, stoppingToken);
            if (Nftables.Run(OrdinaryRules.Question) is not null)
            {
                Install();
            }
        }
    }

    private void Install()
    {
        if (Nftables.Run(OrdinaryRules.Of([.. uplinks.Select(uplink => uplink.Interface)])) is { } refusal && refusal != _said)
        {
            log.Warning("Ordinary connections do not keep to the uplink that they began on: {Reason}", refusal);
            _said = refusal;
        }
    }
}
