using System.Globalization;
using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm uplinks` in words: what each uplink is behind, what that means, and whether a port is open there.</summary>
public static class UplinksText
{
    public static void Write(IReadOnlyList<UplinkDocument> uplinks, TextWriter output)
    {
        if (uplinks.Count == 0)
        {
            output.WriteLine("No uplink is configured.");
            return;
        }

        for (var i = 0; i < uplinks.Count; i++)
        {
            if (i > 0)
            {
                output.WriteLine();
            }

            Write(uplinks[i], output);
        }
    }

    /// <summary>In short, as a part of `ntm status`.</summary>
    public static void WriteShort(IReadOnlyList<UplinkDocument> uplinks, TextWriter output)
    {
        if (uplinks.Count == 0)
        {
            output.WriteLine("  none");
        }

        foreach (var uplink in uplinks)
        {
            output.WriteLine("  " + Head(uplink));
            var rows = Addresses(uplink);
            rows.Add(["NAT", uplink.Nat]);
            rows.AddRange(Ports(uplink));
            rows.Add(["traffic", Words.Traffic(uplink.BytesReceived, uplink.BytesSent)]);
            Columns.Write(output, rows, indent: 4);
        }
    }

    private static void Write(UplinkDocument uplink, TextWriter output)
    {
        output.WriteLine(Head(uplink));
        List<string[]> rows = [.. Standing(uplink), .. Addresses(uplink)];
        foreach (var nat in uplink.Nats)
        {
            rows.Add([nat.Family, nat.Does]);
            rows.Add(["", nat.Means]);
            rows.Add(["", $"Coordinators and relays hear from here every {Words.Span(nat.KeepAliveMs)} at least, so that the way back stays open."]);
        }

        if (uplink.Nats.Count == 0)
        {
            rows.Add(["NAT", uplink.Nat]);
        }

        rows.AddRange(Ports(uplink));
        rows.Add(["traffic", Words.Traffic(uplink.BytesReceived, uplink.BytesSent)]);
        Columns.Write(output, rows, indent: 2);
    }

    private static string Head(UplinkDocument uplink) => uplink.Standing is { } standing
        ? $"{uplink.Name}  {standing.Condition}: {standing.Reason}" : $"{uplink.Name}  {uplink.State}: {uplink.Reason}";

    private static IEnumerable<string[]> Standing(UplinkDocument uplink)
    {
        if (uplink.Standing is { } standing)
        {
            yield return ["since", Words.Ago(standing.SinceMs) + (standing.RoundTripMs is { } trip ? $", answers after {Words.RoundTrip(trip)}" : "")];
            yield return ["rank", (standing.Rank is { } rank ? string.Create(CultureInfo.InvariantCulture, $"{rank}: ") : "none: ") + standing.RankReason
                + (standing.Metered ? "; metered" : "") + (standing.CarriesOrdinary ? "; carries ordinary traffic" : "") + (standing.Wanted ? "; you said: use this one" : "")];
        }
    }

    private static List<string[]> Addresses(UplinkDocument uplink) =>
    [
        ["addresses", uplink.Addresses.Count == 0 ? "none" : string.Join(", ", uplink.Addresses)],
        ["seen as", uplink.Mapped.Count == 0 ? "not known yet" : string.Join(", ", uplink.Mapped.Select(one => $"{one.Address} by the {one.SeenBy}"))],
    ];

    private static IEnumerable<string[]> Ports(UplinkDocument uplink) => uplink.Ports.Select(port => (string[])[$"{port.Family} port", Port(port)]);

    private static string Port(PortDocument port) => port.Until is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"{port.Sentence} (until {until.UtcDateTime:HH:mm} UTC, renewed before)")
        : port.Sentence;
}
