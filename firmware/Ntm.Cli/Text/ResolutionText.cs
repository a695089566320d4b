using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm resolve` in words.</summary>
public static class ResolutionText
{
    public static void Write(ResolutionDocument found, TextWriter output)
    {
        var rows = new List<string[]> { new[] { "Name", found.Name } };
        if (found.Vip is not null)
        {
            rows.Add(["Address", found.Vip]);
        }

        if (found.Alias is not null)
        {
            rows.Add(["Alias", $"{found.Alias} (IPv4, in this home only)"]);
        }

        rows.Add(["Verdict", found.Verdict.Replace('-', ' ')]);
        rows.Add(["Why", found.Reason]);
        rows.Add(["Took", Words.RoundTrip(found.TookMs)]);
        Columns.Write(output, rows);
    }
}
