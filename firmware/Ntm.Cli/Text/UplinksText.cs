using System.Globalization;
using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm uplinks`, and that part of `ntm status`, in words.</summary>
public static class UplinksText
{
    public static void Write(StatusDocument status, TextWriter output) => Write(status.Uplinks, output, indent: 0);

    public static void Write(IReadOnlyList<UplinkDocument> uplinks, TextWriter output, int indent)
    {
        var margin = new string(' ', indent);
        if (uplinks.Count == 0)
        {
            output.WriteLine($"{margin}none");
        }

        foreach (var uplink in uplinks)
        {
            output.WriteLine($"{margin}{uplink.Name}  {uplink.State}: {uplink.Reason}");
            List<string[]> rows =
            [
                ["addresses", uplink.Addresses.Count == 0 ? "none" : string.Join(", ", uplink.Addresses)],
                ["seen as", uplink.Mapped.Count == 0 ? "not known yet" : string.Join(", ", uplink.Mapped.Select(one => $"{one.Address} by the {one.SeenBy}"))],
                ["NAT", uplink.Nat],
            ];
            rows.AddRange(uplink.Ports.Select(port => (string[])[$"{port.Family} port", Port(port)]));
            rows.Add(["traffic", Words.Traffic(uplink.BytesReceived, uplink.BytesSent)]);
            Columns.Write(output, rows, indent + 2);
        }
    }

    private static string Port(PortDocument port) => port.Until is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"{port.Sentence} (until {until.UtcDateTime:HH:mm} UTC, renewed before)")
        : port.Sentence;
}
