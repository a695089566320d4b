using System.Globalization;

namespace Ntm.Box.Os;

/// <summary>The processes of this machine, to find what a dead copy left behind.</summary>
internal static class Processes
{
    /// <summary>The ids of living processes that were begun with this setting (NAME=value) in their environment.</summary>
    public static IReadOnlyList<int> With(string setting)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Carries(directory, setting))
            {
                found.Add(id);
            }
        }

        return found;
    }

    private static bool Carries(string directory, string setting)
    {
        try
        {
            // Ended processes that nobody has collected yet have an empty one.
            return File.ReadAllText(Path.Combine(directory, "environ")).Split('\0').Contains(setting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
