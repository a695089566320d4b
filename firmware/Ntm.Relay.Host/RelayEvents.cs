using Ntm.Protocol;
using Ntm.Store;

namespace Ntm.Relay.Host;

/// <summary>Takes the core's events after each of its calls: keeps what must be kept, before anything is sent that leans on it.</summary>
internal static class RelayEvents
{
    /// <param name="onNotice">Told of each sentence for the log, with whether it is a warning.</param>
    /// <returns>The end of a join, where one ended.</returns>
    /// <exception cref="StoreException">Nothing of this call was kept: end the program.</exception>
    public static RelayEvent.JoinEnded? Take(RelayCore core, IStore store, Action<bool, string> onNotice)
    {
        List<StoreWrite>? kept = null;
        RelayEvent.JoinEnded? end = null;
        while (core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case RelayEvent.Keep keep:
                    (kept ??= []).Add(keep.Write);
                    break;
                case RelayEvent.Notice notice:
                    onNotice(notice.Warning, notice.Sentence);
                    break;
                case RelayEvent.JoinEnded joinEnded:
                    end = joinEnded;
                    break;
            }
        }

        if (kept is not null)
        {
            store.Write(kept);
        }

        return end;
    }
}
