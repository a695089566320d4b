namespace Ntm.Cli.Text;

/// <summary>Aligned columns, two spaces apart; the last one may be as long as it likes.</summary>
public static class Columns
{
    /// <param name="indent">Spaces before each row.</param>
    public static void Write(TextWriter output, IReadOnlyList<string[]> rows, int indent = 0)
    {
        var widths = new List<int>();
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length - 1; column++)
            {
                if (column == widths.Count)
                {
                    widths.Add(0);
                }

                widths[column] = Math.Max(widths[column], row[column].Length);
            }
        }

        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => column < row.Length - 1 ? cell.PadRight(widths[column]) : cell);
            output.WriteLine((new string(' ', indent) + string.Join("  ", cells)).TrimEnd());
        }
    }
}
