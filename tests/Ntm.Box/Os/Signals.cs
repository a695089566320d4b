using System.Runtime.InteropServices;

namespace Ntm.Box.Os;

/// <summary>Signals to process groups, which .NET's Process cannot send.</summary>
internal static partial class Signals
{
    public const int Interrupt = 2;
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Sends a signal to a process group we began. A group that is gone already is no error.</summary>
    public static void ToGroup(int leader, int signal)
    {
        if (leader > 1)
        {
            _ = KillNative(-leader, signal);
        }
    }

    /// <summary>Sends a signal to one process.</summary>
    public static void ToProcess(int pid, int signal)
    {
        if (pid > 1)
        {
            _ = KillNative(pid, signal);
        }
    }

    public static bool IsRoot => EffectiveUser() == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillNative(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
