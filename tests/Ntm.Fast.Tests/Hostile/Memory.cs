using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>What an attack leaves behind on the managed heap.</summary>
internal static class Memory
{
    private const int Rounds = 5;

    /// <summary>
    /// Runs an attack and measures what is held after it (the runtime's own first-time allocations included) and what as much again adds. The process has other
    /// threads that allocate now and then, so where too much was added it goes on: what leaks adds in every round.
    /// </summary>
    /// <param name="most">Bytes that may be held at the end.</param>
    /// <param name="mostMore">Bytes that a further round may add: an attack that goes on must gain nothing.</param>
    public static void Bounded(ITestOutputHelper output, string attack, long most, long mostMore, Action<int> round)
    {
        var before = GC.GetTotalMemory(true);
        round(0);
        var held = GC.GetTotalMemory(true) - before;
        var more = long.MaxValue;
        for (var i = 1; i < Rounds && more > mostMore; i++)
        {
            round(i);
            more = GC.GetTotalMemory(true) - before - held;
            held += more;
        }

        output.WriteLine($"{attack}: {held / 1024.0:0} KB held, of which {more / 1024.0:0} KB after as much again");
        Assert.True(held <= most && more <= mostMore, $"{attack}: {held} bytes held of {most}, {more} of {mostMore} added by as much again");
    }
}
