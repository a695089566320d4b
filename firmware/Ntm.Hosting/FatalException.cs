namespace Ntm.Hosting;

/// <summary>The program cannot go on, and the owner can do something about it. Printed as its sentence, without a stack trace.</summary>
public sealed class FatalException : Exception
{
    /// <param name="code">How the program ends.</param>
    /// <param name="message">What, where, and what to do.</param>
    /// <param name="inner">What the system said.</param>
    public FatalException(ExitCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    public ExitCode Code { get; }
}
