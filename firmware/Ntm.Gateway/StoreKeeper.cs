using Ntm.Protocol;
using Ntm.Store;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// Writes to the store what the core wants kept: all of a pump turn in one batch, before that turn's datagrams are sent. When the disk fails, a home
/// still wants its router, so it goes on with what is to be kept in memory (the latest of each entry) and tries again.
/// </summary>
public sealed class StoreKeeper(IStore store, ILogger log)
{
    /// <summary>How long a failed batch waits.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>How often a failure is said again.</summary>
    public static readonly TimeSpan SaidAgainAfter = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(string Collection, string Key), StoreWrite> _pending = [];
    private TimeSpan _retryAt;
    private TimeSpan? _saidAt;

    /// <summary>Entries not yet in the store.</summary>
    public int Pending => _pending.Count;

    public void Keep(StoreWrite write) => _pending[(write.Collection, write.Key)] = write;

    /// <param name="boot">Boot time.</param>
    /// <returns>Whether nothing is pending any more.</returns>
    public bool Flush(TimeSpan boot)
    {
        if (_pending.Count == 0)
        {
            return true;
        }

        if (_saidAt is not null && boot < _retryAt)
        {
            return false;
        }

        try
        {
            store.Write(_pending.Values);
            _pending.Clear();
            if (_saidAt is not null)
            {
                log.Information("The store {Path} takes entries again.", store.Path);
                _saidAt = null;
            }

            return true;
        }
        catch (StoreException refused)
        {
            _retryAt = boot + RetryAfter;
            if (_saidAt is not { } said || boot - said >= SaidAgainAfter)
            {
                _saidAt = boot;
                log.Error("{Count} entries could not be kept and would be lost at a power cut: {Reason}", _pending.Count, refused.Message);
            }

            return false;
        }
    }
}
