using System.Runtime.InteropServices;

namespace Ntm.Box.Links;

/// <summary>The C library's functions that links need (Linux, 64 bits).</summary>
internal static unsafe partial class TapNative
{
    public const int OpenReadWrite = 2, OpenNonBlocking = 0x800, OpenCloseOnExec = 0x80000; // fcntl.h
    public const short PollIn = 1; // poll.h

    // linux/if_tun.h
    public const nuint SetInterface = 0x4004_54CA, SetCarrier = 0x4004_54E2;
    public const short FlagTap = 2, FlagNoPacketInformation = 0x1000;

    private const string Library = "libc";

    public struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nint size);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nint size);

    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollFd* descriptors, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport(Library, EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, int who, int priority);

    [LibraryImport(Library, EntryPoint = "clock_nanosleep")]
    public static partial int SleepUntil(int clock, int flags, TimeSpec* until, void* rest);

    [LibraryImport(Library, EntryPoint = "prctl")]
    public static partial int Control(int option, nuint value, nuint second, nuint third, nuint fourth);
}
