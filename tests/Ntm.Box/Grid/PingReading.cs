using System.Globalization;
using System.Text.RegularExpressions;

namespace Ntm.Box.Grid;

/// <summary>What Debian's ping printed with -D: its first answer, its last, and how many there were.</summary>
/// <param name="Begun">When it sent its first packet.</param>
/// <param name="FirstAnswer">When the first answer came; null: none did.</param>
/// <param name="LastAnswer">When the last one came; null: none did.</param>
/// <param name="Sent">Packets sent.</param>
/// <param name="Answered">How many were answered.</param>
/// <param name="Twice">Answers beyond the first to one packet.</param>
internal sealed partial record PingReading(DateTimeOffset Begun, DateTimeOffset? FirstAnswer, DateTimeOffset? LastAnswer, int Sent, int Answered, int Twice)
{
    /// <param name="output">All of it.</param>
    /// <param name="interval">What it was told by -i.</param>
    /// <param name="started">When it was started: its begin, where no answer tells a better one.</param>
    public static PingReading Parse(string output, TimeSpan interval, DateTimeOffset started)
    {
        DateTimeOffset? begun = null, first = null, last = null;
        var twice = 0;
        foreach (Match answer in Answers().Matches(output))
        {
            var at = DateTimeOffset.UnixEpoch.AddTicks((long)(decimal.Parse(answer.Groups[1].Value, CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond));
            var tookTicks = (long)(double.Parse(answer.Groups[3].Value, CultureInfo.InvariantCulture) * TimeSpan.TicksPerMillisecond);
            var number = int.Parse(answer.Groups[2].Value, CultureInfo.InvariantCulture);
            begun ??= at.AddTicks(-tookTicks - ((number - 1) * interval.Ticks));
            first ??= at;
            last = at;
            twice += answer.Groups[4].Success ? 1 : 0;
        }

        var summary = Summary().Match(output);
        return new(
            begun ?? started, first, last,
            summary.Success ? int.Parse(summary.Groups[1].Value, CultureInfo.InvariantCulture) : 0,
            summary.Success ? int.Parse(summary.Groups[2].Value, CultureInfo.InvariantCulture) : 0,
            twice);
    }

    [GeneratedRegex(@"^\[(\d+\.\d+)\] \d+ bytes from .*icmp_seq=(\d+) .*time=([0-9.]+) ms( \(DUP!\))?", RegexOptions.Multiline)]
    private static partial Regex Answers();

    [GeneratedRegex(@"(\d+) packets transmitted, (\d+) received")]
    private static partial Regex Summary();
}
