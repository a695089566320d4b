using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace Ntm.Hosting;

/// <summary>
/// The programs' logs: full sentences on standard error through Serilog. Under systemd each line carries its priority instead of the time,
/// which the journal knows better.
/// </summary>
public static class Logs
{
    /// <summary>For a configuration's "log" key.</summary>
    public const string Levels = "\"debug\", \"information\", \"warning\" or \"error\"";

    /// <summary>Reads a configuration's "log" key.</summary>
    public static bool TryReadLevel(string text, out LogEventLevel level) => text switch
    {
        "debug" => Set(LogEventLevel.Debug, out level),
        "information" => Set(LogEventLevel.Information, out level),
        "warning" => Set(LogEventLevel.Warning, out level),
        "error" => Set(LogEventLevel.Error, out level),
        _ => !Set(LogEventLevel.Information, out level),
    };

    public static Logger Create(LogEventLevel level) => new LoggerConfiguration()
        .MinimumLevel.Is(level)
        // What the frameworks say about themselves is no sentence for an owner.
        .MinimumLevel.Override("Microsoft", level < LogEventLevel.Information ? level : LogEventLevel.Warning)
        // The host logs a failed start with its stack; Fatal says it in a sentence.
        .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LevelAlias.Off)
        .MinimumLevel.Override("System", LogEventLevel.Warning)
        // A start that failed is explained once, by Fatal.
        .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LevelAlias.Off)
        .WriteTo.Console(
            new LogLine(forJournal: Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 }),
            standardErrorFromLevel: LevelAlias.Minimum)
        .CreateLogger();

    /// <summary>Makes Serilog the only provider.</summary>
    public static ILoggingBuilder UseSerilog(this ILoggingBuilder logging, Logger logger)
    {
        logging.ClearProviders();
        return logging.AddSerilog(logger);
    }

    private static bool Set(LogEventLevel value, out LogEventLevel level)
    {
        level = value;
        return true;
    }
}
