using Ntm.Protocol;

namespace Ntm.Fuzz.Tables;

/// <summary>
/// A core made with what it kept, one entry of it damaged. Byte 0: which entry; byte 1 odd: byte 2 spoils a character of its key; then the value.
/// </summary>
public abstract class StoredEntryTarget : Target
{
    public override int LongestInput => 3 + 1024;

    public override long MostAllocated => 8 << 20;

    protected abstract IReadOnlyList<StoreWrite> Memory { get; }

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() => Memory.Select((entry, i) =>
        ($"{i}-{entry.Collection}", (byte[])[(byte)i, 0, 0, .. entry.Value!]));

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.Length < 3)
        {
            return 0;
        }

        var memory = Memory.ToArray();
        var which = input[0] % memory.Length;
        var key = memory[which].Key.ToCharArray();
        if (input[1] % 2 == 1)
        {
            key[input[2] % key.Length] ^= (char)(1 + (input[1] & 0x1E));
        }

        memory[which] = new StoreWrite(memory[which].Collection, new string(key), input[3..].ToArray());
        return Load(memory);
    }

    protected abstract int Load(IReadOnlyList<StoreWrite> memory);

    protected static int OutcomeOf(IReadOnlyDictionary<string, long> counters)
    {
        var outcome = 0;
        foreach (var (reason, count) in counters)
        {
            outcome = (((outcome * 31) + Outcome(reason)) * 31) + (int)Math.Min(count, 4);
        }

        return outcome;
    }
}
