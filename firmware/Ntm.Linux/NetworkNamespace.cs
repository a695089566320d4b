using System.Runtime.ExceptionServices;

namespace Ntm.Linux;

/// <summary>
/// Work inside a named network namespace (`ip netns`). Sockets, TUN devices and netlink sockets made there stay there, whatever thread uses them later.
/// </summary>
public static class NetworkNamespace
{
    private const string Folder = "/run/netns";

    /// <summary>Runs <paramref name="work"/> on a thread of its own in the namespace and waits for it. The thread ends with the work, so that no
    /// thread of the pool is ever left in a foreign namespace; for the same reason the work must not be asynchronous.</summary>
    /// <param name="name">As `ip netns list` shows it; null or empty: where the program is.</param>
    /// <exception cref="LinuxException">There is no such namespace, or no privilege (CAP_SYS_ADMIN) to enter it.</exception>
    public static T Run<T>(string? name, Func<T> work)
    {
        if (string.IsNullOrEmpty(name))
        {
            return work();
        }

        var result = default(T);
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(name);
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = $"netns {name}", IsBackground = true };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    /// <inheritdoc cref="Run{T}"/>
    public static void Run(string? name, Action work) => Run(name, () =>
    {
        work();
        return true;
    });

    private static void Enter(string name)
    {
        if (name.Contains('/') || name is "." or "..")
        {
            throw new ArgumentException($"'{name}' is no name of a network namespace.", nameof(name));
        }

        var descriptor = Libc.Open($"{Folder}/{name}", Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (descriptor < 0)
        {
            throw LinuxException.Last($"Opening the network namespace {name} ({Folder}/{name})", "`ip netns list` shows those that exist.");
        }

        var entered = Libc.SetNamespace(descriptor, Libc.CLONE_NEWNET);
        var failure = entered == 0 ? null : LinuxException.Last($"Entering the network namespace {name}", "It needs root.");
        _ = Libc.Close(descriptor);
        if (failure is not null)
        {
            throw failure;
        }
    }
}
