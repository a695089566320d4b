namespace Ntm.Benchmarks.Contestants;

/// <summary>Somebody who may take part.</summary>
/// <param name="Key">As options call it.</param>
/// <param name="Programs">What must be installed; without it the entry is passed over.</param>
/// <param name="Make">Makes the contestants; one entry may bring several that share programs.</param>
internal sealed record Entry(string Key, IReadOnlyList<string> Programs, Func<Belongings, IReadOnlyList<Contestant>> Make)
{
    /// <summary>Whose programs are measured with perf, where that is asked for.</summary>
    public bool IsOurs { get; init; }

    /// <summary>Those programs that are not to be found.</summary>
    public IReadOnlyList<string> Missing() => [.. Programs.Where(program => !IsThere(program))];

    private static bool IsThere(string program)
    {
        var folders = program.Contains('/') ? [""] : $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Any(folder => File.Exists(Path.Combine(folder, program)));
    }
}
