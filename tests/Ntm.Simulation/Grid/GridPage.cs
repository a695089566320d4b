namespace Ntm.Simulation;

/// <summary>The sections of docs/connectivity.md that commands write. Pure.</summary>
public static class GridPage
{
    private const string Fence = "```";
    private const string SimulatedName = "the simulated grid", RealName = "the real grid";

    /// <summary>The simulated grid that a page has; null: none.</summary>
    public static string? Simulated(string page) => MarkedSection.Read(page, SimulatedName)?.Split(Fence) is [_, var text, _] ? text.TrimStart('\n') : null;

    /// <summary>The page with another simulated grid.</summary>
    public static string WithSimulated(string page, string text) => MarkedSection.Replace(page, SimulatedName, Fenced(text));

    /// <summary>The page with another real grid.</summary>
    public static string WithReal(string page, string text) => MarkedSection.Replace(page, RealName, Fenced(text));

    private static string Fenced(string text) => $"{Fence}\n{text.TrimEnd('\n')}\n{Fence}";
}
