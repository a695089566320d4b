using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>The system refused something: what was tried, why not, and where known what to do about it.</summary>
public sealed class LinuxException : IOException
{
    /// <param name="what">What was tried, beginning a sentence: "Opening /dev/net/tun".</param>
    /// <param name="error">errno.</param>
    /// <param name="advice">What to do, a sentence; null where nothing is known.</param>
    public LinuxException(string what, int error, string? advice = null)
        : base($"{what} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).{(advice is null ? "" : " " + advice)}")
    {
        Error = error;
    }

    /// <summary>errno.</summary>
    public int Error { get; }

    /// <summary>From the last call's errno.</summary>
    internal static LinuxException Last(string what, string? advice = null) => new(what, Marshal.GetLastPInvokeError(), advice);
}
