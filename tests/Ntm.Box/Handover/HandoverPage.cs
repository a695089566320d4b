using System.Globalization;

namespace Ntm.Box.Handover;

/// <summary>docs/handover.md: the section that the command writes stands between two comments.</summary>
internal static class HandoverPage
{
    private const string From = "<!-- the table: written by a command -->\n", To = "<!-- end of the table -->";

    /// <summary>The page with a new table.</summary>
    /// <exception cref="BoxFailed">It has no section for it.</exception>
    public static string With(string page, string table)
    {
        var (from, to) = (page.IndexOf(From, StringComparison.Ordinal), page.IndexOf(To, StringComparison.Ordinal));
        if (from < 0 || to < from)
        {
            throw new BoxFailed($"the document has no section between {From.Trim()} and {To}");
        }

        var machine = string.Create(
            CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} processors, Linux {Environment.OSVersion.Version}, .NET {Environment.Version}.");
        return $"{page[..(from + From.Length)]}{machine}\n\n```\n{table.TrimEnd()}\n```\n{page[to..]}";
    }
}
