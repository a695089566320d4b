using System.Runtime.InteropServices;
using Ntm.Real.Tests;

namespace Ntm.Benchmarks.Contestants;

/// <summary>
/// What a run has made on this machine: namespaces, programs, folders. All of it goes in reverse order at the end, however that comes: by itself,
/// by an error, by Ctrl-C or SIGTERM.
/// </summary>
internal sealed class Belongings : IDisposable
{
    private const int Interrupted = 130;

    private readonly Stack<IDisposable> _made = [];
    private readonly Lock _turn = new();
    private readonly PosixSignalRegistration[] _signals; // kept, or they would be collected
    private bool _gone;

    public Belongings() => _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Dispose();
        Environment.Exit(Interrupted);
    }))];

    /// <summary>Makes something that must go again. Nothing is made any more once all goes: then the asking thread never comes back.</summary>
    public T Add<T>(Func<T> make)
        where T : IDisposable
    {
        lock (_turn)
        {
            if (_gone)
            {
                Thread.Sleep(Timeout.Infinite); // the process is about to end
            }

            var made = make();
            _made.Push(made);
            return made;
        }
    }

    public TestNamespace Namespace(string hint) => Add(() => new TestNamespace(hint));

    /// <summary>A folder for configurations with keys: readable by its owner only.</summary>
    public string Folder() => Add(() => new TemporaryFolder()).Path;

    /// <summary>All that is here goes; more may be made after.</summary>
    public void Clear()
    {
        lock (_turn)
        {
            while (_made.TryPop(out var made))
            {
                try
                {
                    made.Dispose();
                }
                catch (Exception e) when (e is InvalidOperationException or IOException)
                {
                    Console.Error.WriteLine($"Something was left behind: {e.Message}");
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_turn)
        {
            _gone = true;
            Clear();
        }
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("ntm-path-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
