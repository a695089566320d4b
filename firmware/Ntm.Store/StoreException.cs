namespace Ntm.Store;

/// <summary>Why a store cannot be used.</summary>
public enum StoreProblem
{
    /// <summary>The file is no store, or is damaged.</summary>
    Corrupt,

    /// <summary>A newer program wrote it.</summary>
    TooNew,

    /// <summary>Another program has it open.</summary>
    InUse,

    /// <summary>It may not be read or written by this user.</summary>
    NotPermitted,

    /// <summary>Its folder is missing.</summary>
    FolderMissing,

    /// <summary>The disk is full or fails.</summary>
    Disk,
}

/// <summary>A store cannot be opened, read or written. The message says what, where and what to do; the file is as it was.</summary>
public sealed class StoreException : Exception
{
    public StoreException(StoreProblem problem, string path, string message, Exception? inner = null)
        : base(message, inner) => (Problem, Path) = (problem, path);

    public StoreProblem Problem { get; }

    /// <summary>The store's file.</summary>
    public string Path { get; }
}
