using System.Security.Cryptography;

namespace Ntm.Fuzz;

/// <summary>The kept inputs of the targets: small binary files, a folder a target. Golden ones, and every finding there ever was.</summary>
public static class Corpus
{
    /// <summary>tests/Ntm.Fuzz/corpora of the repository the program was built in.</summary>
    /// <exception cref="DirectoryNotFoundException">It does not run below the repository.</exception>
    public static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "NtmGateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder is null
            ? throw new DirectoryNotFoundException("The corpora are in tests/Ntm.Fuzz/corpora of the repository, and this program does not run below one.")
            : Path.Combine(folder.FullName, "tests", "Ntm.Fuzz", "corpora");
    }

    /// <summary>In the order of their names, so that runs are the same everywhere.</summary>
    public static IReadOnlyList<byte[]> Read(Target target)
    {
        var folder = Path.Combine(Folder(), target.Name);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]
            : [];
    }

    /// <summary>Writes the target's golden inputs anew; findings stay.</summary>
    public static void WriteGolden(Target target)
    {
        foreach (var (name, bytes) in target.Golden())
        {
            Write(target.Name, name, bytes);
        }
    }

    /// <returns>The file.</returns>
    public static string Keep(FuzzFinding finding) =>
        Write(finding.Target, "finding-" + Convert.ToHexStringLower(SHA256.HashData(finding.Input))[..12], finding.Input);

    private static string Write(string target, string name, byte[] bytes)
    {
        var path = Path.Combine(Folder(), target, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
        {
            File.WriteAllBytes(path, bytes);
        }

        return path;
    }
}
