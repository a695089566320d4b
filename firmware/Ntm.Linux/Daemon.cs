using System.Globalization;

namespace Ntm.Linux;

/// <summary>A daemon of the system's that was started elsewhere, by the file that holds its process number.</summary>
public static class Daemon
{
    private const int Hangup = 1;

    /// <summary>Asks it to read its files again (SIGHUP).</summary>
    /// <param name="pidFile">Holds its process number in decimal.</param>
    /// <param name="name">Its program's name, as /proc says: a stale file must not have us signal somebody else.</param>
    /// <returns>Null where it was asked; else why not, as a sentence.</returns>
    public static string? Reload(string pidFile, string name)
    {
        try
        {
            var text = File.ReadAllText(pidFile).Trim();
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var process) || process < 2)
            {
                return $"{pidFile} holds no process number.";
            }

            var running = File.ReadAllText($"/proc/{process}/comm").Trim();
            return running != name ? $"{pidFile} names process {process}, which is {running} and not {name}."
                : Libc.Kill(process, Hangup) != 0 ? $"{name} (process {process}) may not be signalled by this user."
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{name} does not run, or {pidFile} is not its: {e.Message}";
        }
    }
}
