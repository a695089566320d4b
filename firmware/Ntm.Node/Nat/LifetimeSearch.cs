namespace Ntm.Node.Nat;

/// <summary>How far the search for a NAT's memory has come: for how many seconds of silence a mapping lived at least, and by when one was gone. Pure.</summary>
/// <param name="Lived">The longest silence that a mapping survived, s; 0: none yet.</param>
/// <param name="Died">The shortest that one did not survive, s; 0: none yet.</param>
public readonly record struct LifetimeSearch(int Lived, int Died)
{
    // Just below and above the times that NATs are built with (20, 30, 60, 120, 180, 240, 300 and 600 s; RFC 4787 REQ-5 asks for 120).
    private static readonly int[] Silences = [9, 12, 18, 22, 28, 40, 55, 75, 110, 140, 170, 220, 285, 400, 590];

    // Until something is known from above.
    private static readonly int[] Leaps = [28, 110, 285, 590];

    private static readonly int[] Usual = [10, 15, 20, 30, 60, 90, 120, 150, 180, 240, 300, 480];

    public const int Longest = 590;

    /// <summary>The silence to be tried next, s; null: it is known well enough.</summary>
    public int? Next
    {
        get
        {
            var (lived, died) = (Lived, Died);
            if (died == 0)
            {
                return Array.Find(Leaps, s => s > lived) is > 0 and var leap ? leap : null;
            }

            var between = Array.FindAll(Silences, s => s > lived && s < died);
            return between.Length > 0 ? between[between.Length / 2] : null;
        }
    }

    public LifetimeSearch With(int silence, bool survived) => survived
        ? new(Math.Max(Lived, silence), Died > silence ? Died : 0)
        : new(Lived < silence ? Lived : 0, Died == 0 ? silence : Math.Min(Died, silence));

    /// <summary>What a person would call it, s: the usual value that fits; 0: not known, or longer than is looked for.</summary>
    public int About
    {
        get
        {
            var (lived, died) = (Lived, Died);
            return Next is not null || died == 0 ? 0 : Array.Find(Usual, s => s > lived && s <= died) is > 0 and var usual ? usual : (lived + died) / 2;
        }
    }
}
