using Ntm.Protocol;

namespace Ntm.Store;

/// <summary>
/// What must survive a power cut: collections of key -> bytes. It knows no entry's meaning. One program has a store file open at a time;
/// one thread uses it at a time.
/// </summary>
public interface IStore : IDisposable
{
    /// <summary>The file.</summary>
    string Path { get; }

    /// <summary>Every entry kept, in no particular order.</summary>
    /// <exception cref="StoreException">The file cannot be read.</exception>
    IReadOnlyList<StoreWrite> LoadAll();

    /// <summary>Does all of the writes, in their order, or none. On return they survive a power cut.</summary>
    /// <exception cref="StoreException">Nothing of the batch was kept: disk full, file lost or damaged.</exception>
    void Write(IReadOnlyCollection<StoreWrite> batch);
}
