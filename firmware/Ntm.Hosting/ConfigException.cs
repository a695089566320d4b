namespace Ntm.Hosting;

/// <summary>A configuration file cannot be used. The message names the file and everything that is wrong with it.</summary>
public sealed class ConfigException : Exception
{
    public ConfigException(string file, IReadOnlyList<string> problems, Exception? inner = null)
        : base(Compose(file, problems), inner) => (File, Problems) = (file, problems);

    public string File { get; }

    /// <summary>Each a sentence that names the key.</summary>
    public IReadOnlyList<string> Problems { get; }

    private static string Compose(string file, IReadOnlyList<string> problems) => problems.Count == 1
        ? $"The configuration {file} cannot be used: {problems[0]}"
        : $"The configuration {file} cannot be used, for {problems.Count} reasons:{string.Concat(problems.Select(p => $"{Environment.NewLine}  - {p}"))}";
}
