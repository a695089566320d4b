using System.Globalization;
using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm shares` in words.</summary>
public static class SharesText
{
    public static void Write(SharesDocument shares, TextWriter output)
    {
        output.WriteLine(shares.NodePublished is { } ports ? $"This gateway itself is published ({ports})." : "This gateway itself is not published.");
        output.WriteLine();
        if (shares.Given.Count == 0)
        {
            output.WriteLine("Nothing is shared with other owners. Share a published device: ntm share NAME --for WHO");
        }
        else
        {
            output.WriteLine("Shared with other owners:");
            var rows = new List<string[]> { new[] { "NUMBER", "WHAT", "FOR", "ACCEPTED BY", "PORTS", "UNTIL" } };
            rows.AddRange(shares.Given.Select(s => new[]
            {
                s.Id.ToString(CultureInfo.InvariantCulture), s.Name ?? "(no longer published)", s.For, s.AcceptedBy ?? "nobody yet", s.Ports, Until(s.Expires, s.Expired),
            }));
            Columns.Write(output, rows);
        }

        output.WriteLine();
        if (shares.Taken.Count == 0)
        {
            output.WriteLine("No other owner's share has been accepted. Accept one: ntm accept CODE");
            return;
        }

        output.WriteLine("Shared by other owners with this home:");
        var taken = new List<string[]> { new[] { "NAME", "PORTS", "UNTIL" } };
        taken.AddRange(shares.Taken.Select(s => new[] { s.Name, s.Ports, Until(s.Expires, s.Expired) }));
        Columns.Write(output, taken);
    }

    private static string Until(DateTimeOffset at, bool expired) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC" + (expired ? ", expired" : "");
}
