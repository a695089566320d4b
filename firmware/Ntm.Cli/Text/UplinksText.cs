using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm uplinks` in words: what each uplink is behind, and what that means.</summary>
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

    private static void Write(UplinkDocument uplink, TextWriter output)
    {
        output.WriteLine($"{uplink.Name}  {uplink.State}: {uplink.Reason}");
        var rows = new List<string[]>
        {
            new[] { "addresses", uplink.Addresses.Count == 0 ? "none" : string.Join(", ", uplink.Addresses) },
            new[] { "seen as", uplink.Mapped.Count == 0 ? "not known yet" : string.Join(", ", uplink.Mapped.Select(one => $"{one.Address} by the {one.SeenBy}")) },
        };
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

        rows.Add(["traffic", Words.Traffic(uplink.BytesReceived, uplink.BytesSent)]);
        Columns.Write(output, rows, indent: 2);
    }
}
