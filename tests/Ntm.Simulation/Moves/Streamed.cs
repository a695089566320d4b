namespace Ntm.Simulation;

/// <summary>What became of a stream, there and of its echo.</summary>
public sealed record Streamed(StreamedWay There, StreamedWay Back)
{
    public override string ToString() => $"there: {There}; back: {Back}";

    /// <summary>The worse of both directions.</summary>
    public StreamedWay Worst => new(Math.Max(There.Lost, Back.Lost), Math.Max(There.Twice, Back.Twice), Math.Max(There.Late, Back.Late), There.Gap > Back.Gap ? There.Gap : Back.Gap);
}

/// <summary>One direction of it.</summary>
/// <param name="Lost">Packets that never came.</param>
/// <param name="Twice">That came more than once.</param>
/// <param name="Late">That came after a later one.</param>
/// <param name="Gap">The longest time without anything.</param>
public sealed record StreamedWay(int Lost, int Twice, int Late, TimeSpan Gap)
{
    internal static StreamedWay Of(IReadOnlyList<(int Number, TimeSpan At)> seen, int first, int end)
    {
        var numbers = seen.Where(s => s.Number >= first && s.Number < end).ToList();
        var (gap, late, highest) = (TimeSpan.Zero, 0, -1);
        for (var i = 0; i < numbers.Count; i++)
        {
            gap = i > 0 && numbers[i].At - numbers[i - 1].At > gap ? numbers[i].At - numbers[i - 1].At : gap;
            late += numbers[i].Number < highest ? 1 : 0;
            highest = Math.Max(highest, numbers[i].Number);
        }

        var different = numbers.Select(n => n.Number).Distinct().Count();
        return new(end - first - different, numbers.Count - different, late, gap);
    }

    public override string ToString() => $"{Lost} lost, {Twice} twice, {Late} late, gap {Gap.TotalMilliseconds:0} ms";
}
