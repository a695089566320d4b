namespace Ntm.Simulation;

/// <summary>A part of a document that a command writes, between two marks that readers of the page do not see. Pure.</summary>
public static class MarkedSection
{
    /// <summary>What stands there; null where the document has no such marks.</summary>
    /// <param name="document">All of it.</param>
    /// <param name="name">The section's.</param>
    public static string? Read(string document, string name) =>
        Find(document, name) is var (from, to) ? document[from..to].Trim('\n') : null;

    /// <summary>The document with another text there.</summary>
    /// <exception cref="InvalidOperationException">It has no such marks.</exception>
    public static string Replace(string document, string name, string text) => Find(document, name) is var (from, to)
        ? document[..from] + "\n" + text.Trim('\n') + "\n" + document[to..]
        : throw new InvalidOperationException($"The document has no marks {Begin(name)} and {End(name)}.");

    private static (int From, int To)? Find(string document, string name)
    {
        var from = document.IndexOf(Begin(name), StringComparison.Ordinal);
        var to = document.IndexOf(End(name), StringComparison.Ordinal);
        return from < 0 || to < from ? null : (from + Begin(name).Length, to);
    }

    private static string Begin(string name) => $"<!-- {name}: written by a command -->";

    private static string End(string name) => $"<!-- end of {name} -->";
}
