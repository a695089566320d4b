namespace Ntm.Store;

/// <summary>The store's file before a database looks at it: that it is there, is ours alone, and begins as such a file must.</summary>
internal static class StoreFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the file where it is missing and takes group's and others' rights away where it has them.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="magic">What a non-empty file must have near its beginning.</param>
    /// <param name="offset">Where.</param>
    /// <exception cref="StoreException">It cannot be.</exception>
    public static void Prepare(string path, ReadOnlySpan<byte> magic, int offset = 0)
    {
        try
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite,
                UnixCreateMode = OwnerOnly,
                BufferSize = 0,
            });
            Span<byte> head = stackalloc byte[offset + magic.Length];
            var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (read > 0 && (read < head.Length || !head[offset..].SequenceEqual(magic)))
            {
                throw Corrupt(path, "it does not begin as one");
            }

            if ((File.GetUnixFileMode(file.SafeFileHandle) & ~OwnerOnly) != 0)
            {
                File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
            }
        }
        catch (DirectoryNotFoundException e)
        {
            throw new StoreException(StoreProblem.FolderMissing, path,
                $"The store {path} cannot be opened: its folder does not exist. Make the folder, or correct the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(StoreProblem.NotPermitted, path,
                $"The store {path} cannot be opened: this user may not read and write it. Run as the user who owns it, or give it to this user.", e);
        }
        catch (IOException e)
        {
            throw new StoreException(StoreProblem.Disk, path,
                $"The store {path} cannot be opened: {e.Message} See that the disk is mounted, writable and has room.", e);
        }
    }

    public static StoreException Corrupt(string path, string finding, Exception? inner = null) => new(StoreProblem.Corrupt, path,
        $"The file {path} is no usable store: {finding}. It was left as it is. Put a backup in its place, or move it away to begin with an empty store.",
        inner);
}
