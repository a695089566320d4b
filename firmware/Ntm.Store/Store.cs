namespace Ntm.Store;

/// <summary>Opens the store this build was made with (docs/adr/0005-store.md).</summary>
public static class Store
{
    /// <summary>Opens the store, or makes an empty one where there is no file. The file is readable by its owner only.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <exception cref="StoreException">It cannot be opened; an existing file is left untouched.</exception>
    public static IStore Open(string path)
    {
#if NTM_LITEDB
        return LiteDbStore.Open(path);
#else
        return SqliteStore.Open(path);
#endif
    }
}
