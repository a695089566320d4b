using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm status` in words.</summary>
public static class StatusText
{
    public static void Write(StatusDocument status, TextWriter output)
    {
        var rows = new List<string[]>();
        if (status.Member is { } member)
        {
            rows.Add(["This home", member.Node]);
            rows.Add(["Zone", member.Zone]);
            rows.Add(["Address", member.Vip]);
            rows.Add(["Key", member.PublicKey]);
            rows.Add(["Registered", $"{(member.Registered ? "yes" : "no")} ({member.Reason})"]);
        }
        else if (status.Removed is { } removed)
        {
            rows.Add(["This home", removed]);
        }
        else
        {
            rows.Add(["This home", "is not a member of a zone yet. Join one: ntm join CODE [--name NAME]"]);
        }

        rows.Add(["Gateway", $"version {status.Version}, running for {Words.Span(status.UptimeSeconds * 1000)}"]);
        Columns.Write(output, rows);

        if (status.Member is { } joined)
        {
            Servers("Coordinators", joined.Coordinators);
            Servers("Relays", joined.Relays);
        }

        output.WriteLine();
        output.WriteLine("Uplinks");
        UplinksText.WriteShort(status.Uplinks, output);

        if (status.DataPath is { } path)
        {
            output.WriteLine();
            output.WriteLine("Data path");
            List<string[]> carried = [["TUN", path.Tun ?? "none yet"], ["ciphers", path.Ciphers], ["lanes", Number(path.Lanes)]];
            carried.AddRange(path.Sockets.Select(socket => (string[])[$"{socket.Uplink} {socket.Family}", $"sends {socket.Sends}, receives {socket.Receives}"]));
            Columns.Write(output, carried, indent: 2);
        }

        var counted = status.Counters.Where(counter => counter.Value != 0).OrderBy(counter => counter.Key, StringComparer.Ordinal).ToList();
        if (counted.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("Counted");
            Columns.Write(output, [.. counted.Select(counter => (string[])[counter.Key, Number(counter.Value)])], indent: 2);
        }

        void Servers(string title, IReadOnlyList<ServerDocument> servers)
        {
            output.WriteLine();
            output.WriteLine(title);
            Columns.Write(output, servers.Count == 0
                ? [["none"]]
                : [.. servers.Select(one => (string[])[one.Name, one.Address, one.Connected ? "connected" : "not connected", $"heard {Words.Ago(one.LastHeardMs)}"])],
                indent: 2);
        }
    }

    private static string Number(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
