namespace Ntm.Benchmarks.Report;

/// <summary>
/// A page of sections that several commands write, each its own: a section takes the place of the one with its title, or comes to the end. What stands
/// before the first section is the page's opening and is written anew each time.
/// </summary>
internal static class Page
{
    private const string Mark = "## ";

    /// <param name="page">The page as it was; empty where there was none.</param>
    /// <param name="opening">Title and first paragraphs.</param>
    public static string Put(string page, string opening, params IReadOnlyList<Section> sections)
    {
        var parts = Split(page);
        foreach (var section in sections)
        {
            var at = parts.FindIndex(part => part.Split('\n', 2)[0] == Mark + section.Title);
            if (at >= 0)
            {
                parts[at] = section.ToString();
            }
            else
            {
                parts.Add(section.ToString());
            }
        }

        return string.Join('\n', parts.Prepend(opening).Select(part => part.TrimEnd('\n') + "\n"));
    }

    /// <summary>Puts sections into a file, which is made where it is missing.</summary>
    public static void Write(string file, string opening, params IReadOnlyList<Section> sections) =>
        File.WriteAllText(file, Put(File.Exists(file) ? File.ReadAllText(file) : "", opening, sections));

    // A line of a quotation that begins with the mark begins no section.
    private static List<string> Split(string page)
    {
        var (parts, quoting) = (new List<string>(), false);
        foreach (var line in page.Split('\n'))
        {
            quoting ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!quoting && line.StartsWith(Mark, StringComparison.Ordinal))
            {
                parts.Add(line);
            }
            else if (parts.Count > 0)
            {
                parts[^1] += "\n" + line;
            }
        }

        return parts;
    }
}
