using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>What a <see cref="Pump"/> is told at its making.</summary>
public sealed record PumpOptions
{
    /// <summary>The thread's name.</summary>
    public string Name { get; init; } = "pump";

    /// <summary>How many threads share the work that the core leaves to them (<see cref="ICore.Ahead"/>, <see cref="ICore.Left"/>), the pump's included.</summary>
    public int Lanes { get; init; } = 1;

    /// <summary>
    /// Called after every call of the core, on the pump's thread, before anything that call wants sent is sent: the place to take the core's events and
    /// to store what must be stored first. It may call the core.
    /// </summary>
    public Action<Now>? AfterEach { get; init; }

    /// <summary>Told of an exception on the pump's thread, which is a bug of ours, for the log. Then the program exits.</summary>
    public Action<Exception>? OnBug { get; init; }

    /// <summary>How to exit after a bug: going on with a core in an unknown state would be worse. The number is the exit code.</summary>
    public Action<int> Exit { get; init; } = Environment.Exit;

    public Func<Now> Clock { get; init; } = () => BootClock.Now;
}
