using System.Text;

namespace Ntm.Benchmarks.Report;

/// <summary>A part of a page under a heading of its own: paragraphs, tables and commands in the order in which they were added.</summary>
internal sealed class Section(string title)
{
    private readonly List<string> _blocks = [];

    public string Title => title;

    /// <summary>A paragraph. What is written for a reader is broken into lines where the writer broke it.</summary>
    public Section Say(string paragraph) => Put(paragraph.Trim('\n') + "\n");

    /// <summary>Where the table has no row, nothing.</summary>
    public Section Show(Table table) => table.Rows == 0 ? this : Put(table.ToString());

    /// <summary>Lines as they are typed or were printed.</summary>
    public Section Quote(params IEnumerable<string> lines) => Put($"```\n{string.Join('\n', lines)}\n```\n");

    /// <summary>A heading below the section's own.</summary>
    public Section Head(string heading) => Put($"### {heading}\n");

    /// <summary>The Markdown, with one line break at its end.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("## ").Append(title).Append('\n');
        _blocks.ForEach(block => text.Append('\n').Append(block));
        return text.ToString();
    }

    private Section Put(string block)
    {
        _blocks.Add(block);
        return this;
    }
}
