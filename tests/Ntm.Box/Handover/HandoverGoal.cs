using System.Globalization;

namespace Ntm.Box.Handover;

/// <summary>What a row is to come to. What is not asked of it is null.</summary>
internal sealed record HandoverGoal
{
    public int? Lost { get; init; }

    public int? Twice { get; init; }

    public TimeSpan? Gap { get; init; }

    public int? Switches { get; init; }

    public bool IsMetBy(RoundSeen round) =>
        !(round.Stream.Lost > Lost || round.Stream.Twice > Twice || round.Stream.Gap > Gap || round.Switches > Switches) && round.WentOn;

    public override string ToString()
    {
        var parts = new List<string>();
        Add(Lost, "lost");
        Add(Twice, "twice");
        if (Gap is { } gap)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"gap <= {gap.TotalMilliseconds:0} ms"));
        }

        Add(Switches, "changes");
        return string.Join(", ", parts);

        void Add(int? most, string of)
        {
            if (most is { } number)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{number} {of}"));
            }
        }
    }
}
