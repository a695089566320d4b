using System.Globalization;

namespace Ntm.Box.Os;

/// <summary>A process as /proc shows it.</summary>
/// <param name="Session">The id of the process that began its session.</param>
/// <param name="NetworkNamespace">The inode of its network namespace; null where it may not be read.</param>
internal readonly record struct ProcessEntry(int Id, int Session, ulong? NetworkNamespace);

/// <summary>The processes of this machine, to find what a dead copy left behind.</summary>
internal static class Processes
{
    public static IEnumerable<ProcessEntry> All()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || TrySession(directory) is not { } session)
            {
                continue;
            }

            yield return new ProcessEntry(id, session, NamespaceLink(Path.Combine(directory, "ns/net")));
        }
    }

    /// <summary>The inode behind /run/netns/NAME, as `stat` tells it; null where there is none.</summary>
    public static ulong? NamespaceFile(string path)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-L", "-c", "%i", path]) { RedirectStandardOutput = true, RedirectStandardError = true });
        var text = process!.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return ulong.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var inode) ? inode : null;
    }

    private static int? TrySession(string directory)
    {
        try
        {
            // pid (name) state ppid pgrp session ...; the name may hold anything, so read behind its last bracket.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ulong? NamespaceLink(string path)
    {
        try
        {
            // net:[4026531840]
            var text = File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name ?? "";
            return ulong.TryParse(text.AsSpan(text.IndexOf('[') + 1).TrimEnd(']'), CultureInfo.InvariantCulture, out var inode) ? inode : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
