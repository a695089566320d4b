using System.Diagnostics;
using Ntm.Simulation;

namespace Ntm.Fuzz;

/// <summary>What a run did.</summary>
/// <param name="Outcomes">Different things that came of inputs.</param>
/// <param name="Pool">Inputs at the end: the corpus and those that brought something new.</param>
/// <param name="MostAllocated">Bytes one execution allocated, at most.</param>
public sealed record FuzzReport(string Target, long Executions, int Outcomes, int Pool, long MostAllocated, TimeSpan Elapsed)
{
    public override string ToString() =>
        $"{Target,-20} {Executions,11:N0} executions  {Outcomes,6:N0} outcomes  {Pool,5:N0} in the pool  {MostAllocated,9:N0} B at most  {Elapsed.TotalSeconds,6:0.0} s";
}

/// <summary>An input that broke a law, and how to have it again.</summary>
public sealed class FuzzFinding(string target, ulong seed, long execution, byte[] input, Exception cause)
    : Exception($"{target}, seed {seed}, execution {execution}: {cause.Message}\ninput ({input.Length} bytes): {Convert.ToHexString(input)}", cause)
{
    public string Target { get; } = target;

    public byte[] Input { get; } = input;
}

/// <summary>
/// Runs a target over its corpus and then over mutations of it. The same seed, corpus and number of executions give the same inputs. It is guided by
/// outcomes: an input whose outcome is new joins the pool, which costs next to nothing and finds its way past the first checks.
/// </summary>
public static class Fuzzer
{
    private const int PoolMost = 2048;
    private const int BoundsEvery = 1024;

    /// <exception cref="FuzzFinding">A law was broken.</exception>
    public static FuzzReport Run(Target target, IReadOnlyList<byte[]> corpus, long executions, ulong seed)
    {
        var clock = Stopwatch.StartNew();
        var entropy = new SeededEntropy(seed).Fork(target.Name);
        var mutator = new Mutator(entropy, target.LongestInput, target.Words);
        List<byte[]> pool = [.. corpus.Where(c => c.Length <= target.LongestInput)];
        var outcomes = new HashSet<int>();
        long most = 0;
        for (long i = 0; i < executions; i++)
        {
            var input = i < corpus.Count ? corpus[(int)i] : mutator.Make(pool);
            try
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var outcome = target.Execute(input);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                if (allocated > target.MostAllocated)
                {
                    throw new Violation($"{allocated} bytes were allocated for an input of {input.Length}");
                }

                most = Math.Max(most, allocated);
                if (outcomes.Add(outcome) && i >= corpus.Count && pool.Count < PoolMost)
                {
                    pool.Add(input.ToArray());
                }

                if (i % BoundsEvery == 0)
                {
                    target.CheckBounds();
                }
            }
            catch (Exception e)
            {
                throw new FuzzFinding(target.Name, seed, i, input.ToArray(), e);
            }
        }

        target.CheckBounds();
        return new(target.Name, executions, outcomes.Count, pool.Count, most, clock.Elapsed);
    }
}
