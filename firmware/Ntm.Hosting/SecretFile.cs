using System.Text;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Hosting;

/// <summary>
/// A 32-byte secret in a file of its own: one line, its kind and base64. Made in one step (a power cut leaves all of it or nothing), readable by its
/// owner only, never overwritten; one that others can read is refused.
/// </summary>
public static class SecretFile
{
    public const int Size = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the file.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="kind">A word such as "ntm-node-key", so that one secret is not taken for another.</param>
    /// <param name="secret">32 bytes.</param>
    /// <exception cref="FatalException">It exists, or cannot be made.</exception>
    public static void Create(string path, string kind, ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, Size);
        path = Path.GetFullPath(path);
        try
        {
            if (File.Exists(path))
            {
                throw new FatalException(ExitCode.Exists, $"The key file {path} exists already and is not overwritten. Use it, or move it away.");
            }

            DurableFile.Write(path, Encoding.ASCII.GetBytes($"{kind} {Convert.ToBase64String(secret)}\n"), OwnerOnly, replace: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, "made", e);
        }
    }

    /// <returns>32 bytes.</returns>
    /// <inheritdoc cref="Create" path="/param"/>
    /// <exception cref="FatalException">It is missing, damaged, of another kind, or others can read it.</exception>
    public static byte[] Read(string path, string kind)
    {
        path = Path.GetFullPath(path);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var mode = File.GetUnixFileMode(file.SafeFileHandle);
            if ((mode & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
            {
                throw new FatalException(ExitCode.NotPermitted,
                    $"The key file {path} is open to other users (mode {Convert.ToString((int)mode, 8)}), so it may have been copied. "
                    + $"If it surely was not: chmod 600 {path}. Otherwise move it away and have a new one made.");
            }

            var bytes = new byte[256];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var words = Encoding.ASCII.GetString(bytes, 0, length).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var secret = new byte[Size + 3];
            if (words.Length == 2 && words[0] == kind && Convert.TryFromBase64String(words[1], secret, out var written) && written == Size)
            {
                return secret[..Size];
            }

            throw new FatalException(ExitCode.BadData,
                $"The file {path} does not hold what it should: the word '{kind}' and {Size} bytes in base64. It was left as it is. Restore it from a backup.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, "read", e);
        }
    }

    /// <summary>Reads the file, or makes it with a new random secret where there is none.</summary>
    public static byte[] ReadOrCreate(string path, string kind, IEntropy entropy)
    {
        if (!File.Exists(path))
        {
            var secret = new byte[Size];
            entropy.Fill(secret);
            Create(path, kind, secret);
        }

        return Read(path, kind);
    }

    private static FatalException Explain(string path, string done, Exception e) => e switch
    {
        FileNotFoundException => new(ExitCode.Missing, $"There is no key file {path}. Restore it from a backup, or have it made.", e),
        DirectoryNotFoundException => new(ExitCode.Missing, $"The key file {path} cannot be {done}: its folder does not exist. Make it, or correct the path.", e),
        UnauthorizedAccessException => new(ExitCode.NotPermitted, $"The key file {path} cannot be {done}: this user may not. Run as the user who owns it.", e),
        _ => new(ExitCode.Disk, $"The key file {path} cannot be {done}: {e.Message}", e),
    };
}
