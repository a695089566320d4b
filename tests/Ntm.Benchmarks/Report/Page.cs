namespace Ntm.Benchmarks.Report;

/// <summary>
/// A page of sections that several commands write, each its own: a section takes the place of the one with its title, or comes to the end. What stands
/// before the first section is the page's opening and is written anew each time.
/// </summary>
internal static class Page
{
    /// <summary>Of docs/performance.md.</summary>
    public const string Opening = """
        # Performance

        How fast NTM Gateway is, compared with others on the same machine in the same minutes. Each section is written by the command that is named in it; nothing is put in by hand.
        Figures in Gb/s say more of the machine than of the programs: it is the ratios that count. Where there were several rounds, a figure is their median, with the lowest and the highest in brackets.
        How packets travel is in [data-path.md](data-path.md).

        """;

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

    /// <summary>Prints sections, and puts them into a file as well where one is named; it is made where it is missing.</summary>
    public static void Publish(string? file, params IReadOnlyList<Section> sections)
    {
        Console.Write(string.Concat(sections.Select(section => $"\n{section}")));
        if (file is not null)
        {
            File.WriteAllText(file, Put(File.Exists(file) ? File.ReadAllText(file) : "", Opening, sections));
            Console.WriteLine($"\nWritten into {file}.");
        }
    }

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
