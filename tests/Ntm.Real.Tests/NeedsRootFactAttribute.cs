using Ntm.Linux;

namespace Ntm.Real.Tests;

/// <summary>A test that makes network namespaces; skipped, with everything that is missing, where it may not.</summary>
public sealed class NeedsRootFactAttribute : FactAttribute
{
    /// <param name="programs">Debian programs it runs besides `ip`.</param>
    public NeedsRootFactAttribute(params string[] programs)
    {
        var missing = Preflight.Missing(Need.Administration | Need.Tun | Need.IPv6 | Need.NetworkNamespaces)
            .Concat(programs.Append("ip").Where(p => !IsInstalled(p)).Select(p => $"The program {p} is not installed."));
        var sentences = string.Join(' ', missing);
        if (sentences.Length > 0)
        {
            Skip = sentences;
        }
    }

    private static bool IsInstalled(string program) =>
        new[] { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, program)));
}
