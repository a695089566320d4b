namespace Ntm.Fast.Tests.Crypto;

internal static class Allocations
{
    // On this thread, after a first round in which statics and stubs are made.
    internal static void AssertNone(Action action)
    {
        action();
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
            action();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
