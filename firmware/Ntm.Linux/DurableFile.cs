using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>Whole files that are there after a power cut or were never there: temporary file, sync, rename, sync of the folder.</summary>
public static partial class DurableFile
{
    private const int ReadOnlyCloseOnExec = 0x8_0000; // O_RDONLY | O_CLOEXEC

    /// <summary>Writes a file, readable and writable by <paramref name="mode"/> only, in one step.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="content">All of it.</param>
    /// <param name="mode">Its rights.</param>
    /// <param name="replace">Whether a file that is there gives way.</param>
    /// <exception cref="IOException">It exists and must not be replaced, or the disk failed.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool replace)
    {
        path = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(path) ?? "/";
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = mode,
                BufferSize = 0,
            }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            // Without replacing, .NET moves by link(2), which fails where the name is taken.
            File.Move(temporary, path, replace);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncFolder(folder);
    }

    /// <summary>Makes the folder's entries (new and renamed files) survive a power cut.</summary>
    /// <exception cref="IOException">It could not be synced.</exception>
    public static void SyncFolder(string folder)
    {
        // .NET opens no folders.
        var descriptor = Open(folder, ReadOnlyCloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"The folder {folder} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        var failed = Sync(descriptor) != 0;
        var why = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The folder {folder} cannot be synced: {why}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
