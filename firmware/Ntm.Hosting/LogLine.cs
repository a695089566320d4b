using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace Ntm.Hosting;

/// <summary>A log event as a line.</summary>
/// <param name="forJournal">With its priority in front (sd-daemon(3)) rather than time and level.</param>
public sealed class LogLine(bool forJournal) : ITextFormatter
{
    private readonly MessageTemplateTextFormatter _rest = new(forJournal
        ? "{Message:lj}{NewLine}{Exception}"
        : "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}");

    public void Format(LogEvent logEvent, TextWriter output)
    {
        if (forJournal)
        {
            output.Write($"<{Priority(logEvent.Level)}>");
        }

        _rest.Format(logEvent, output);
    }

    private static int Priority(LogEventLevel level) => level switch
    {
        LogEventLevel.Fatal => 2,
        LogEventLevel.Error => 3,
        LogEventLevel.Warning => 4,
        LogEventLevel.Information => 6,
        _ => 7,
    };
}
