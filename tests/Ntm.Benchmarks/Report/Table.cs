using System.Text;

namespace Ntm.Benchmarks.Report;

/// <summary>A table in Markdown whose columns are aligned as text too: the first to the left, the others, which hold figures, to the right.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public int Rows => _rows.Count;

    /// <param name="cells">One for each heading; fewer leave the last columns empty.</param>
    /// <exception cref="ArgumentException">More cells than headings.</exception>
    public Table Add(params string[] cells)
    {
        if (cells.Length > headings.Length)
        {
            throw new ArgumentException($"{cells.Length} cells for {headings.Length} columns.", nameof(cells));
        }

        _rows.Add([.. cells.Select(Escape), .. Enumerable.Repeat("", headings.Length - cells.Length)]);
        return this;
    }

    public override string ToString()
    {
        var widths = headings.Select((heading, i) => Math.Max(3, _rows.Append(headings).Max(row => row[i].Length))).ToArray();
        var text = new StringBuilder();
        Write(text, headings, widths);
        Write(text, [.. widths.Select((width, i) => i == 0 ? new string('-', width) : new string('-', width - 1) + ":")], widths);
        _rows.ForEach(row => Write(text, row, widths));
        return text.ToString();
    }

    private static void Write(StringBuilder text, string[] cells, int[] widths)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            text.Append("| ").Append(i == 0 ? cells[i].PadRight(widths[i]) : cells[i].PadLeft(widths[i])).Append(' ');
        }

        text.Append("|\n");
    }

    private static string Escape(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ');
}
