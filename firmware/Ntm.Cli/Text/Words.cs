using System.Globalization;

namespace Ntm.Cli.Text;

/// <summary>Numbers as people say them.</summary>
public static class Words
{
    /// <summary>"3 s ago"; "never" for null.</summary>
    public static string Ago(double? milliseconds) => milliseconds is { } age ? $"{Span(age)} ago" : "never";

    /// <summary>"just now" never appears: the least is "0 s".</summary>
    public static string Span(double milliseconds)
    {
        var span = TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, 1e14));
        return span switch
        {
            { TotalMinutes: < 1 } => Format($"{Math.Floor(span.TotalSeconds)} s"),
            { TotalHours: < 1 } => Format($"{span.Minutes} min {span.Seconds} s"),
            { TotalDays: < 1 } => Format($"{span.Hours} h {span.Minutes} min"),
            _ => Format($"{Math.Floor(span.TotalDays)} d {span.Hours} h"),
        };
    }

    /// <summary>A round trip: two digits that matter.</summary>
    public static string RoundTrip(double? milliseconds) => milliseconds switch
    {
        null => "not measured",
        < 10 => Format($"{milliseconds:0.0} ms"),
        _ => Format($"{milliseconds:0} ms"),
    };

    /// <summary>Decimal units, as network figures are quoted.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => Format($"{bytes} B"),
        < 1_000_000 => Format($"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => Format($"{bytes / 1e6:0.0} MB"),
        _ => Format($"{bytes / 1e9:0.0} GB"),
    };

    public static string Traffic(long received, long sent) => $"received {Bytes(received)}, sent {Bytes(sent)}";

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
