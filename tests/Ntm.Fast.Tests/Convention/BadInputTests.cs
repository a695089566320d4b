using System.Text.RegularExpressions;

namespace Ntm.Fast.Tests.Convention;

/// <summary>docs/bad-input.md is true: each row names a test that there is, and each counter it names is counted somewhere.</summary>
public sealed partial class BadInputTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(House.Root(), "docs", "bad-input.md"));

    [Fact]
    public void Every_row_names_tests_that_exist()
    {
        var tests = Sources("tests").SelectMany(file => Method().Matches(File.ReadAllText(file)).Select(m => $"{Path.GetFileNameWithoutExtension(file)}.{m.Groups[1].Value}")).ToHashSet();
        var rows = Page.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal) && !l.StartsWith("| input", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            var named = TestName().Matches(row.Split('|')[^2]).Select(m => m.Groups[1].Value).ToArray();
            Assert.True(named.Length > 0, "A row without a test: " + row);
            Assert.All(named, name => Assert.True(tests.Contains(name), $"There is no test {name}."));
        }
    }

    [Fact]
    public void Every_counter_it_names_is_counted()
    {
        var source = string.Concat(Sources("firmware").Select(File.ReadAllText));
        Assert.All(Counter().Matches(Page).Select(m => m.Groups[1].Value).Distinct(), counter =>
            Assert.True(source.Contains($"\"{counter}\"", StringComparison.Ordinal), $"Nothing counts {counter}."));
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(House.Root(), folder), "*.cs", SearchOption.AllDirectories).Where(f => !f.Contains("/obj/", StringComparison.Ordinal));

    [GeneratedRegex(@"public (?:async )?(?:void|Task) (\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"`([a-z]+(?:-[a-z0-9]+)+)`")]
    private static partial Regex Counter();
}
