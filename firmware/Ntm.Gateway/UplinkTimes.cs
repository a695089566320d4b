using System.Globalization;
using Ntm.Hosting;
using Ntm.Uplink;

namespace Ntm.Gateway;

/// <summary>An uplink's "upAfter" and "downAfter" in gateway.json: times such as "5 s" and "750 ms".</summary>
internal static class UplinkTimes
{
    public static UplinkThresholds Read(ConfigSection uplink)
    {
        var usual = new UplinkThresholds();
        return new()
        {
            UpAfter = uplink.Value<TimeSpan>("upAfter", "a time from \"0 s\" to \"600 s\"",
                (string text, out TimeSpan time) => TryRead(text, out time) && time <= UplinkThresholds.UpMost, usual.UpAfter),
            DownAfter = uplink.Value<TimeSpan>("downAfter", "a time from \"250 ms\" to \"60 s\"",
                (string text, out TimeSpan time) => TryRead(text, out time) && time >= UplinkThresholds.DownLeast && time <= UplinkThresholds.DownMost, usual.DownAfter),
        };
    }

    private static bool TryRead(string text, out TimeSpan time)
    {
        var milliseconds = text.EndsWith("ms", StringComparison.Ordinal);
        var number = text.EndsWith('s') ? text[..^(milliseconds ? 2 : 1)].TrimEnd(' ') : "";
        var good = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value < 1e6;
        time = good ? TimeSpan.FromMilliseconds(milliseconds ? value : value * 1000) : default;
        return good;
    }
}
