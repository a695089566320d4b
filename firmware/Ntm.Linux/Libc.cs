using System.Runtime.InteropServices;

namespace Ntm.Linux;

/// <summary>
/// The C library's functions this room calls, and their structures and numbers (Linux, 64 bits, the generic ABI that amd64 and arm64 share).
/// Nothing here decides anything.
/// </summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    // errno
    public const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EAGAIN = 11, EACCES = 13, EEXIST = 17, ENODEV = 19, EINVAL = 22;
    public const int EBADFD = 77, EMSGSIZE = 90, EAFNOSUPPORT = 97, EOPNOTSUPP = 95, EADDRINUSE = 98, EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100, ENETUNREACH = 101, ENOBUFS = 105, ECONNREFUSED = 111, EHOSTDOWN = 112, EHOSTUNREACH = 113;

    // fcntl.h, sys/stat.h
    public const int O_RDONLY = 0, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    public const uint S_IFCHR = 0x2000;

    // sys/socket.h
    public const int AF_UNSPEC = 0, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
    public const int SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_RCVTIMEO = 20, SO_BINDTODEVICE = 25, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_TIMESTAMPNS = 35;
    public const int MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40;

    // netinet/in.h
    public const int IPPROTO_IP = 0, IP_MTU_DISCOVER = 10, IP_PMTUDISC_PROBE = 3;
    public const int IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26, IPV6_MTU_DISCOVER = 23, IPV6_PMTUDISC_PROBE = 3;

    // linux/udp.h
    public const int SOL_UDP = 17, UDP_SEGMENT = 103, UDP_GRO = 104;

    // poll.h
    public const short POLLIN = 1, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32;

    // sched.h
    public const int CLONE_NEWNET = 0x4000_0000;

    public const int CLOCK_BOOTTIME = 7;

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public nint Base;
        public nint Length;
    }

    /// <summary>struct mmsghdr: struct msghdr (56 bytes with its padding) and the length.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    public struct MultiMessage
    {
        public nint Name;
        public uint NameLength;
        public nint Vectors;
        public nint VectorCount;
        public nint Control;
        public nint ControlLength;
        public int Flags;
        private readonly uint _padding;
        public uint Length;
    }

    /// <summary>Bytes of struct cmsghdr before its value.</summary>
    public const int ControlHeaderSize = 16;

    /// <summary>struct cmsghdr with a number of at most 8 bytes: a control message of an int or an unsigned short.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlMessage
    {
        public nint Length;
        public int Level;
        public int Type;
        public ulong Value;
    }

    /// <summary>struct cmsghdr with a time: that of SO_TIMESTAMPNS.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeMessage
    {
        public nint Length;
        public int Level;
        public int Type;
        public TimeSpec Time;
    }

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nint length);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nint length);

    [LibraryImport(Library, EntryPoint = "writev", SetLastError = true)]
    public static partial nint WriteVectors(int descriptor, IoVector* vectors, int count);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MakeNode(string path, uint mode, ulong device);

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, void* address, uint length);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int descriptor, void* address, uint* length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int descriptor, int level, int option, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int descriptor, void* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int descriptor, void* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMany(int descriptor, MultiMessage* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport(Library, EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMany(int descriptor, MultiMessage* messages, uint count, int flags);

    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollFd* descriptors, ulong count, TimeSpec* timeout, void* signals);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "clock_gettime")]
    public static partial int ClockGetTime(int clock, TimeSpec* time);

    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(int descriptor, int kind);

    [LibraryImport(Library, EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int kinds);

    [LibraryImport(Library, EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint InterfaceIndex(string name);

    public static int SetSocketOption(int descriptor, int level, int option, int value) =>
        SetSocketOption(descriptor, level, option, &value, sizeof(int));
}
