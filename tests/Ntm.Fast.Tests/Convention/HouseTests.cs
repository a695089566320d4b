using System.Text.RegularExpressions;

namespace Ntm.Fast.Tests.Convention;

/// <summary>The rules of DESIGN.md that can be executed are executed here.</summary>
public sealed partial class HouseTests
{
    // A type with a dot at the end: all of it. Environment.CurrentManagedThreadId is what iterators compile to.
    private static readonly string[] Banned =
    [
        "System.Net.Sockets.Socket", "System.Net.Sockets.UdpClient", "System.Net.Sockets.TcpClient", "System.Net.Sockets.TcpListener",
        "System.IO.File", "System.IO.FileStream", "System.IO.Directory", "System.Threading.Thread", "System.Threading.Tasks.Task", "System.Threading.Timer",
        "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.Console", "System.Random", "System.TimeProvider",
        "System.Security.Cryptography.RandomNumberGenerator", "System.DateTime.get_UtcNow", "System.DateTime.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.DateTimeOffset.get_Now", "System.Guid.NewGuid", "System.Environment.get_TickCount", "System.Environment.get_TickCount64",
        "System.Environment.GetEnvironmentVariable", "System.Net.Dns", "Microsoft.Extensions.Logging.ILogger", "Serilog.Log",
    ];

    public static TheoryData<string> Cores => [.. House.Cores];

    public static TheoryData<string> Rooms => [.. House.Arrows.Keys];

    [Theory]
    [MemberData(nameof(Cores))]
    public void A_core_uses_no_clock_socket_file_thread_or_randomness(string core)
    {
        var names = House.Names(core);
        var used = Banned.Where(names.Contains).ToArray();
        Assert.True(used.Length == 0, $"{core} uses {string.Join(", ", used)}.");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Arrows_point_down_only(string room)
    {
        var ours = House.References(room).Where(r => r.StartsWith("Ntm.", StringComparison.Ordinal) || r.StartsWith("ntm", StringComparison.Ordinal));
        Assert.Empty(ours.Except(House.Arrows[room]));
    }

    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        var broken = new List<string>();
        foreach (var page in Pages())
        {
            foreach (Match link in MarkdownLink().Matches(File.ReadAllText(page)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
                    && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target)))
                {
                    broken.Add($"{Path.GetRelativePath(House.Root(), page)}: {target}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void The_schemas_library_reads_bytes_in_one_place_only()
    {
        var readers = Directory.EnumerateFiles(Path.Combine(House.Root(), "firmware"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && File.ReadAllText(f).Contains(".ParseFrom(", StringComparison.Ordinal));
        Assert.Equal(["Wire.cs"], readers.Select(Path.GetFileName));
    }

    [Fact]
    public void Decision_records_have_40_lines_at_most()
    {
        var long_ = Directory.EnumerateFiles(Path.Combine(House.Root(), "docs", "adr"), "*.md").Where(f => File.ReadLines(f).Count() > 40);
        Assert.Empty(long_.Select(Path.GetFileName));
    }

    [Fact]
    public void Names_of_files_say_what_the_thing_is()
    {
        var vague = from folder in new[] { "firmware", "tests" }
                    from file in Directory.EnumerateFiles(Path.Combine(House.Root(), folder), "*.cs", SearchOption.AllDirectories)
                    where VagueName().IsMatch(Path.GetFileNameWithoutExtension(file)) && !file.Contains("/obj/", StringComparison.Ordinal)
                    select Path.GetFileName(file);
        Assert.Empty(vague);
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(House.Root(), "*.md").Concat(Directory.EnumerateFiles(Path.Combine(House.Root(), "docs"), "*.md", SearchOption.AllDirectories));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utilities|Common|Misc|Stuff|Service)$")]
    private static partial Regex VagueName();
}
