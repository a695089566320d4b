using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog.Events;

namespace Ntm.Hosting;

/// <summary>A program that runs until it is told to stop (Ctrl-C, SIGTERM) or fails: Microsoft.Extensions.Hosting, Serilog, systemd.</summary>
public static class ProgramHost
{
    /// <summary>Runs the hosted services that <paramref name="compose"/> adds; they may ask for <see cref="Fate"/> and loggers.</summary>
    /// <returns>The exit code of a good end. Failures, also those told to <see cref="Fate"/>, are thrown: see <see cref="Fatal.GuardAsync"/>.</returns>
    public static async Task<int> RunAsync(LogEventLevel level, Action<HostApplicationBuilder> compose, CancellationToken cancel = default)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        using var logger = Logs.Create(level);
        builder.Logging.UseSerilog(logger);
        builder.Services.AddSingleton<Fate>();
        builder.Services.Configure<ConsoleLifetimeOptions>(o => o.SuppressStatusMessages = true);
        compose(builder);
        using var host = builder.Build();
        var fate = host.Services.GetRequiredService<Fate>();
        await host.StartAsync(cancel).ConfigureAwait(false);
        Systemd.Ready();
        await host.WaitForShutdownAsync(cancel).ConfigureAwait(false);
        Systemd.Stopping();
        if (fate.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return (int)ExitCode.Done;
    }
}
