using Ntm.Signalling;
using Google.Protobuf;
using Ntm.Linux;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator.Host;

/// <summary>
/// How a removal gets from the owner's command to the coordinator, whether it runs or not: a file in the data folder, taken and deleted by the running
/// coordinator, at start and every second. The file holds the signed statement, so that anyone may carry it.
/// </summary>
internal static class RemovalInbox
{
    private const string Suffix = ".removal";

    /// <summary>Far more than a statement has.</summary>
    private const int LongestStatement = 4096;

    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Puts a statement there.</summary>
    /// <param name="name">Of the removed party: a label.</param>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public static string Put(string data, string name, SignedRemoval signed)
    {
        var file = Path.Combine(Path.GetFullPath(data), name + Suffix);
        DurableFile.Write(file, signed.ToByteArray(), Readable, replace: true);
        File.SetUnixFileMode(file, Readable); // whatever the umask: the coordinator may run as another user
        return file;
    }

    /// <summary>What is there: each file, and the statement in it; null where it holds none.</summary>
    public static IEnumerable<(string File, SignedRemoval? Signed)> Look(string data) =>
        Directory.EnumerateFiles(data, "*" + Suffix).Where(f => !Path.GetFileName(f).StartsWith('.')).Select(f => (f, Read(f)));

    private static SignedRemoval? Read(string file) =>
        new FileInfo(file).Length <= LongestStatement && Wire.TryParse(SignedRemoval.Parser, File.ReadAllBytes(file), out var signed) ? signed : null;
}
