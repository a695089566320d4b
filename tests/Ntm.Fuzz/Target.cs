using Ntm.Protocol;

namespace Ntm.Fuzz;

/// <summary>
/// Something that reads bytes it cannot trust. A target hands each input to it and throws <see cref="Violation"/> where a law is broken; any other exception
/// that gets out is a finding as well.
/// </summary>
public abstract class Target
{
    /// <summary>Kebab case; also the folder of its corpus.</summary>
    public abstract string Name { get; }

    /// <summary>What is tried and which laws hold, in a sentence.</summary>
    public abstract string Law { get; }

    /// <summary>Bytes of the longest input.</summary>
    public virtual int LongestInput => 1536;

    /// <summary>Bytes one execution may allocate on its thread: memory must not follow from what an input says of itself.</summary>
    public virtual long MostAllocated => 256 * 1024;

    /// <summary>Byte strings that mean something to the target.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>Right inputs, from which the corpus is made: name and bytes.</summary>
    public abstract IEnumerable<(string Name, byte[] Bytes)> Golden();

    /// <summary>One execution.</summary>
    /// <returns>What came of it, as a number: inputs that bring a new one are kept in the pool. The same input and history must give the same number.</returns>
    public abstract int Execute(ReadOnlySpan<byte> input);

    /// <summary>Looks at what is remembered; called now and then.</summary>
    public virtual void CheckBounds()
    {
    }

    protected static void Require(bool holds, string law)
    {
        if (!holds)
        {
            throw new Violation(law);
        }
    }

    /// <summary>A number for a text, the same on every machine and in every run (FNV-1a).</summary>
    protected static int Outcome(ReadOnlySpan<char> text)
    {
        var hash = 0x811C_9DC5u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 0x0100_0193;
        }

        return (int)hash;
    }

    /// <summary>What was counted since the last look, as a number.</summary>
    protected sealed class Watch(params Counters[] counters)
    {
        private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);

        public int Changed()
        {
            var hash = 0;
            foreach (var table in counters)
            {
                foreach (var (reason, count) in table.All)
                {
                    if (_seen.GetValueOrDefault(reason) != count)
                    {
                        _seen[reason] = count;
                        hash = (hash * 31) + Outcome(reason);
                    }
                }
            }

            return hash;
        }
    }
}

/// <summary>A law that an input broke.</summary>
public sealed class Violation(string law) : Exception(law);
