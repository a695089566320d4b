using Ntm.Fuzz;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Fuzz;

/// <summary>
/// Everything that reads bytes it cannot trust is fuzzed, with the kept corpora and a fixed seed: 10^6 executions where one costs a microsecond or a few; fewer,
/// as stated, where most executions end in an exception of a JSON library, or need signatures, handshakes or a whole core.
/// `dotnet run -c Release --project tests/Ntm.Fuzz -- [target] --executions N --seed S` goes on from there.
/// </summary>
public abstract class FuzzRun(ITestOutputHelper output)
{
    protected void Fuzz(string name, long executions)
    {
        var target = Targets.Find(name);
        var corpus = Corpus.Read(target);
        Assert.True(corpus.Count > 0, $"{name} has no corpus: ntm-fuzz --write-golden");
        try
        {
            output.WriteLine(Fuzzer.Run(target, corpus, executions, seed: 1).ToString());
        }
        catch (FuzzFinding finding)
        {
            Assert.Fail($"{finding}\nKept as {Corpus.Keep(finding)}: commit it with the mend.");
        }
    }
}
