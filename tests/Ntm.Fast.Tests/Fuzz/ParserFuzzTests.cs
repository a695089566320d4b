using Ntm.Fuzz;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Fuzz;

/// <summary>Parsers and what stands next to the wire.</summary>
public sealed class ParserFuzzTests(ITestOutputHelper output) : FuzzRun(output)
{
    [Theory]
    [InlineData("text", 1_000_000)]
    [InlineData("name", 1_000_000)]
    [InlineData("dns", 1_000_000)]
    [InlineData("dns-response", 1_000_000)]
    [InlineData("ntm-record", 1_000_000)]
    [InlineData("authority", 1_000_000)]
    [InlineData("netlink", 1_000_000)]
    [InlineData("lease", 200_000)]
    [InlineData("box-datagram", 300_000)]
    [InlineData("box-document", 200_000)]
    [InlineData("tunnel", 1_000_000)]
    [InlineData("proxy-outbound", 1_000_000)]
    [InlineData("proxy-inbound", 1_000_000)]
    [InlineData("relay-datagrams", 1_000_000)]
    [InlineData("super-packet", 1_000_000)]
    [InlineData("packet-cipher", 200_000)]
    [InlineData("offloaded-path", 5_000)]
    [InlineData("channel", 1_000_000)]
    [InlineData("signal", 1_000_000)]
    public void Broken_bytes_break_no_law(string target, long executions) => Fuzz(target, executions);

    [Fact]
    public void Every_target_is_run_and_has_a_corpus()
    {
        var run = new[] { typeof(ParserFuzzTests), typeof(CoreFuzzTests) }
            .SelectMany(t => t.GetMethod(nameof(Broken_bytes_break_no_law))!.GetCustomAttributesData())
            .Where(a => a.AttributeType == typeof(InlineDataAttribute))
            .Select(a => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!)
            .ToList();
        Assert.Equal(Targets.All().Select(t => t.Name).Order(), run.Order());
        Assert.Empty(Directory.EnumerateDirectories(Corpus.Folder()).Select(Path.GetFileName).Except(run));
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var runs = Enumerable.Range(0, 2).Select(_ => Fuzzer.Run(Targets.Find("channel"), Corpus.Read(Targets.Find("channel")), 5000, 7)).ToArray();
        Assert.Equal((runs[0].Outcomes, runs[0].Pool), (runs[1].Outcomes, runs[1].Pool));
    }
}
