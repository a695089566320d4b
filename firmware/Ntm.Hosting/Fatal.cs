using System.CommandLine;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Store;

namespace Ntm.Hosting;

/// <summary>The programs' last resort: an exception becomes a sentence for people on standard error, and an exit code.</summary>
public static class Fatal
{
    /// <summary>Parses the command line and does it; every failure is explained.</summary>
    /// <param name="root">The program's commands; the root's name is not used.</param>
    /// <param name="program">The program's name, before each explanation.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> InvokeAsync(string program, RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        var code = await GuardAsync(program, () => parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }))
            .ConfigureAwait(false);
        return parsed.Errors.Count > 0 ? (int)ExitCode.Usage : code;
    }

    /// <summary>Does the work; a failure is explained on standard error.</summary>
    /// <returns>The work's exit code, or the failure's.</returns>
    public static async Task<int> GuardAsync(string program, Func<Task<int>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var (code, text) = Explain(e);
            await Console.Error.WriteLineAsync($"{program}: {text}").ConfigureAwait(false);
            return (int)code;
        }
    }

    /// <summary>What to tell the owner, and how the program ends.</summary>
    public static (ExitCode Code, string Text) Explain(Exception failure) => failure switch
    {
        FatalException e => (e.Code, e.Message),
        ConfigException e => (ExitCode.Config, e.Message),
        StoreException e => (CodeOf(e.Problem), e.Message),
        AggregateException { InnerExceptions: [var only] } => Explain(only),
        OperationCanceledException => (ExitCode.Done, "Stopped."),
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } e =>
            (ExitCode.Unavailable, $"A port is in use by another program: {e.Message}. Find it with 'ss -ulpn', or choose another port in the configuration."),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } e =>
            (ExitCode.Unavailable, $"An address to listen on is none of this machine's: {e.Message}. Correct it in the configuration ('ip address' lists them)."),
        SocketException { SocketErrorCode: SocketError.AccessDenied } e => (ExitCode.NotPermitted,
            $"Missing privileges: {e.Message}. Ports below 1024 need CAP_NET_BIND_SERVICE: choose a higher port or run with that capability."),
        UnauthorizedAccessException e => (ExitCode.NotPermitted, $"Missing privileges: {e.Message} Run as the user who owns it."),
        FileNotFoundException or DirectoryNotFoundException => (ExitCode.Missing, $"{failure.Message} Make it, or correct the path."),
        LinuxException e => (CodeOf(e.Error), e.Message),
        IOException e => (ExitCode.Disk, $"{e.Message} See that the disk is mounted, writable and has room."),
        _ => (ExitCode.Bug, $"This is a bug of the program, please report it with what follows.{Environment.NewLine}{failure}"),
    };

    // errno(3)
    private static ExitCode CodeOf(int error) => error switch
    {
        1 or 13 => ExitCode.NotPermitted, // EPERM, EACCES
        16 or 98 or 99 => ExitCode.Unavailable, // EBUSY (a TUN's name), EADDRINUSE, EADDRNOTAVAIL
        _ => ExitCode.System,
    };

    private static ExitCode CodeOf(StoreProblem problem) => problem switch
    {
        StoreProblem.InUse => ExitCode.InUse,
        StoreProblem.NotPermitted => ExitCode.NotPermitted,
        StoreProblem.FolderMissing => ExitCode.Missing,
        StoreProblem.Disk => ExitCode.Disk,
        _ => ExitCode.BadData,
    };
}
