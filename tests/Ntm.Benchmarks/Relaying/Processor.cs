using System.Runtime.InteropServices;

namespace Ntm.Benchmarks.Relaying;

/// <summary>On which processor a thread runs.</summary>
internal static partial class Processor
{
    /// <summary>Does some work on a thread of its own that stays on one processor.</summary>
    public static T On<T>(int number, Func<T> work)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                var mask = 1UL << number;
                if (SetAffinity(0, sizeof(ulong), in mask) != 0)
                {
                    throw new InvalidOperationException($"There is no processor {number}.");
                }

                result = work();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new InvalidOperationException(failure.Message, failure);
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, in ulong mask);
}
