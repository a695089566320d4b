namespace Ntm.Uplink;

/// <summary>When an uplink is believed to be down, and when to be up again: the second takes longer, so that one that comes and goes is not followed.</summary>
public sealed record UplinkThresholds
{
    public static readonly TimeSpan DownLeast = TimeSpan.FromMilliseconds(250), DownMost = TimeSpan.FromSeconds(60), UpMost = TimeSpan.FromMinutes(10);

    /// <summary>Silence after which it is down. With questions every 250 ms: 750 ms, the third of them unanswered.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromMilliseconds(750);

    /// <summary>How long it is good before it is up again.</summary>
    public TimeSpan UpAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Questions in a row that must have stayed unanswered: a clock that jumps takes nothing down.</summary>
    public const int MissesLeast = 3;

    /// <summary>What <see cref="UpAfter"/> grows to for one that goes down again and again; a longer one of the owner's stays.</summary>
    public static readonly TimeSpan HoldMost = TimeSpan.FromSeconds(60);

    /// <summary>Losses within this time count together.</summary>
    public static readonly TimeSpan FlapsWithin = TimeSpan.FromMinutes(1);

    /// <summary>Losses within <see cref="FlapsWithin"/> from which on its return is not even told before it has held.</summary>
    public const int FlapsTold = 3;

    /// <summary>Of how many questions the unanswered ones are counted, from how many on it is degraded, and up to how many it is not any more.</summary>
    public const int Outcomes = 16, DegradedMisses = 4, GoodMisses = 1;

    /// <summary>Round trips from which on it is degraded, and below which it is not any more.</summary>
    public static readonly TimeSpan LateFrom = TimeSpan.FromSeconds(1), GoodBelow = TimeSpan.FromMilliseconds(700);

    /// <summary>How long it is good before it is up again, after as many losses.</summary>
    /// <param name="losses">Within <see cref="FlapsWithin"/>.</param>
    public TimeSpan Hold(int losses)
    {
        var hold = UpAfter;
        for (var i = 1; i < losses && hold < HoldMost; i++)
        {
            hold *= 2;
        }

        return hold < HoldMost ? hold : UpAfter > HoldMost ? UpAfter : HoldMost;
    }
}
