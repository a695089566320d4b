using System.Reflection;
using System.Text.RegularExpressions;

namespace Ntm.Fast.Tests.Convention;

/// <summary>docs/glossary.md is kept: its words are used, and those it forbids name nothing in the cores. What documents count, code counts.</summary>
public sealed partial class WordsTests
{
    private static readonly string Docs = Path.Combine(House.Root(), "docs");
    private static readonly string Glossary = File.ReadAllText(Path.Combine(Docs, "glossary.md"));

    [Fact]
    public void Every_word_of_the_glossary_is_used()
    {
        var text = string.Concat(Sources().Concat(Pages().Where(p => Path.GetFileName(p) != "glossary.md")).Select(File.ReadAllText));
        var words = Rows(Glossary[..Glossary.IndexOf("## Words not used", StringComparison.Ordinal)]).SelectMany(r => r[0].Split(", "))
            .Select(w => Bracket().Replace(w, "").Trim()).Where(w => w.Length > 0 && w != "word").ToArray();
        Assert.NotEmpty(words);
        Assert.Empty(words.Where(w => !Regex.IsMatch(text, $@"(?i)\b{Regex.Escape(w).Replace(@"\ ", @"\s?")}")).ToArray());
    }

    [Fact]
    public void Words_that_the_glossary_forbids_name_nothing_in_the_cores()
    {
        var forbidden = Rows(Glossary[Glossary.IndexOf("## Words not used", StringComparison.Ordinal)..]).Where(r => r[0] != "not")
            .SelectMany(r => r[0].Split(", ")).Select(w => w.Replace(" ", "", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(forbidden);
        var any = string.Join('|', forbidden.SelectMany(w => (string[])[$"{Capital(w)}(?![a-z])", $"(?<![A-Za-z]){w}(?![a-z])"]));
        var names = from core in House.Cores
                    from type in Assembly.Load(core).GetTypes()
                    where type.Namespace?.StartsWith("Ntm", StringComparison.Ordinal) == true
                    from name in type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                        .Select(m => m.Name).Append(type.Name)
                    where !name.StartsWith('<')
                    select (Type: type.FullName, Name: name);
        var found = names.Where(n => Regex.IsMatch(n.Name, any)).Select(n => $"{n.Type}.{n.Name}").ToArray();
        Assert.Empty(found.Distinct());
    }

    [Fact]
    public void Every_counter_and_hyphenated_word_that_documents_quote_is_in_the_code()
    {
        var text = string.Concat(Sources().Concat(Directory.EnumerateFiles(Path.Combine(House.Root(), "web"))).Select(File.ReadAllText));
        var missing = from page in Pages()
                      where Path.GetFileName(page) != "bad-input.md" // judged by BadInputTests, and names test targets
                      from Match quoted in Quoted().Matches(File.ReadAllText(page))
                      let word = quoted.Groups[1].Value
                      where !word.StartsWith("ntm-", StringComparison.Ordinal) && !text.Contains(word, StringComparison.Ordinal)
                      select $"{Path.GetFileName(page)}: {word}";
        Assert.Empty(missing.Distinct());
    }

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static IEnumerable<string[]> Rows(string text) => text.Split('\n')
        .Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    private static IEnumerable<string> Pages() => Directory.EnumerateFiles(Docs, "*.md", SearchOption.AllDirectories);

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(House.Root(), "firmware"), "*.*", SearchOption.AllDirectories)
            .Where(f => (f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".proto", StringComparison.Ordinal))
                && !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex Bracket();

    [GeneratedRegex(@"`([a-z]+(?:-[a-z0-9]+)+)`")]
    private static partial Regex Quoted();
}
