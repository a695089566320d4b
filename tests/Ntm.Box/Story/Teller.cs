using System.Diagnostics;

namespace Ntm.Box.Story;

/// <summary>Prints the main job for a newcomer: a numbered heading a step, and under it what was observed. It has no sentence of its own to say that something worked.</summary>
internal sealed class Teller(TextWriter to)
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private int number;

    /// <summary>The step under way, for example "direct"; empty before the first.</summary>
    public string Step { get; private set; } = "";

    public int Number => number;

    public void Begin(string step, string title)
    {
        Step = step;
        number++;
        to.WriteLine();
        to.WriteLine($"{number,2}. {title}  [{step}]");
    }

    /// <summary>One observed fact.</summary>
    public void Say(string sentence)
    {
        to.WriteLine($"    {sentence}");
        to.Flush();
    }

    public void Plain(string line)
    {
        to.WriteLine(line);
        to.Flush();
    }

    public string Elapsed => $"{watch.Elapsed.TotalSeconds:0} s";

    public static string Size(long bytes) => bytes switch
    {
        >= 1 << 20 => $"{bytes / (double)(1 << 20):0.0} MiB",
        >= 1 << 10 => $"{bytes / (double)(1 << 10):0.0} KiB",
        _ => $"{bytes} bytes",
    };

    public static string Count(int count, string thing) => count == 1 ? $"1 {thing}" : $"{count:#,0} {thing}s";
}
