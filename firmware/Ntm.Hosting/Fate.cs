using Microsoft.Extensions.Hosting;

namespace Ntm.Hosting;

/// <summary>How a running program's threads end it: the first failure stops the host and is explained like one at the start.</summary>
public sealed class Fate(IHostApplicationLifetime lifetime)
{
    private Exception? _failure;

    /// <summary>The first failure; null where there was none.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>From any thread.</summary>
    public void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        lifetime.StopApplication();
    }
}
