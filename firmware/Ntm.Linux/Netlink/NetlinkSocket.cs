using System.Runtime.InteropServices;
using System.Text;

namespace Ntm.Linux.Netlink;

/// <summary>
/// A route netlink socket: requests with their acknowledgement, dumps, and notices of groups. It belongs to the network namespace it was opened in.
/// Single-threaded.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    private const int ProtocolRoute = 0, LevelNetlink = 270, OptionExtendedAcknowledgement = 11;
    private const ushort ErrorMessageAttribute = 1;
    private const int AnswerSeconds = 3;

    // The kernel makes dump datagrams of at most 32 KiB (NLMSG_GOODSIZE and its growth).
    private readonly byte[] _buffer = GC.AllocateArray<byte>(64 << 10, pinned: true);
    private int _descriptor;
    private uint _sequence;

    /// <param name="groups">RTMGRP_ bits to be told of; 0: none, for requests.</param>
    public NetlinkSocket(uint groups = 0)
    {
        _descriptor = Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, ProtocolRoute);
        if (_descriptor < 0)
        {
            throw LinuxException.Last("Opening a netlink socket");
        }

        // struct sockaddr_nl: family(2) pad(2) port(4) groups(4)
        var address = stackalloc uint[3];
        address[0] = Libc.AF_NETLINK;
        address[1] = 0;
        address[2] = groups;
        var timeout = new Libc.TimeSpec { Seconds = AnswerSeconds };
        if (Libc.Bind(_descriptor, address, 12) != 0
            || Libc.SetSocketOption(_descriptor, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, &timeout, (uint)sizeof(Libc.TimeSpec)) != 0)
        {
            var failure = LinuxException.Last("Setting up a netlink socket");
            Dispose();
            throw failure;
        }

        _ = Libc.SetSocketOption(_descriptor, LevelNetlink, OptionExtendedAcknowledgement, 1); // only makes errors say more
    }

    public int Descriptor => _descriptor;

    /// <summary>Takes a dump's messages; the payload is only valid during the call.</summary>
    public delegate void Taker(ushort type, ReadOnlySpan<byte> payload);

    /// <summary>Sends a request and waits for the kernel's word on it.</summary>
    /// <param name="what">For the error: what is being done, beginning a sentence.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Request(scoped NetlinkWriter request, string what)
    {
        var error = TryRequest(request, what, out var detail);
        if (error != 0)
        {
            throw new LinuxException(what, error, detail ?? (error == Libc.EPERM ? "It needs root." : null));
        }
    }

    /// <returns>0, or the kernel's errno.</returns>
    internal int TryRequest(scoped NetlinkWriter request, string what, out string? detail)
    {
        Send(request.Finish(++_sequence), what);
        while (true)
        {
            var reader = new NetlinkReader(Receive(what));
            while (reader.TryNext())
            {
                if (reader.Sequence == _sequence && reader.Type == NetlinkMessage.Error && reader.Payload.Length >= sizeof(int))
                {
                    detail = ErrorText(reader.Payload);
                    return -MemoryMarshal.Read<int>(reader.Payload);
                }
            }
        }
    }

    /// <summary>Sends a dump request and hands over each message of the answer.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Dump(scoped NetlinkWriter request, Taker taker, string what)
    {
        Send(request.Finish(++_sequence), what);
        while (true)
        {
            var reader = new NetlinkReader(Receive(what));
            while (reader.TryNext())
            {
                if (reader.Sequence != _sequence)
                {
                    continue; // the rest of a dump that was given up
                }

                switch (reader.Type)
                {
                    case NetlinkMessage.Done:
                        return;
                    case NetlinkMessage.Error when reader.Payload.Length >= sizeof(int):
                        throw new LinuxException(what, -MemoryMarshal.Read<int>(reader.Payload), ErrorText(reader.Payload));
                    default:
                        taker(reader.Type, reader.Payload);
                        break;
                }
            }
        }
    }

    /// <summary>Reads all notices that wait, without looking at them.</summary>
    /// <returns>Whether there were any, or some were lost: something changed.</returns>
    public bool TakeNotices()
    {
        var any = false;
        fixed (byte* buffer = _buffer)
        {
            while (true)
            {
                var length = Libc.Receive(_descriptor, buffer, _buffer.Length, Libc.MSG_DONTWAIT);
                if (length >= 0)
                {
                    any = true;
                    continue;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error == Libc.ENOBUFS)
                {
                    any = true; // the kernel dropped notices because we were slow: that too says that something changed
                }
                else if (error != Libc.EINTR)
                {
                    return error == Libc.EAGAIN ? any : throw new LinuxException("Reading netlink notices", error);
                }
            }
        }
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private void Send(ReadOnlySpan<byte> message, string what)
    {
        fixed (byte* first = message)
        {
            if (Libc.Send(_descriptor, first, message.Length, 0) < 0)
            {
                throw LinuxException.Last(what);
            }
        }
    }

    private ReadOnlySpan<byte> Receive(string what)
    {
        fixed (byte* buffer = _buffer)
        {
            while (true)
            {
                var length = Libc.Receive(_descriptor, buffer, _buffer.Length, Libc.MSG_TRUNC);
                if (length >= 0 && length <= _buffer.Length)
                {
                    return _buffer.AsSpan(0, (int)length);
                }

                var error = length >= 0 ? Libc.EMSGSIZE : Marshal.GetLastPInvokeError();
                if (error is not (Libc.EINTR or Libc.ENOBUFS))
                {
                    throw new LinuxException(what, error);
                }
            }
        }
    }

    /// <summary>struct nlmsgerr: error(4), the request's header(16) and, without NLM_F_CAPPED, its payload; then attributes. Looks for the text.</summary>
    private static string? ErrorText(ReadOnlySpan<byte> payload)
    {
        if (MemoryMarshal.Read<int>(payload) == 0 || payload.Length < sizeof(int) + NetlinkMessage.HeaderSize)
        {
            return null;
        }

        var requestLength = MemoryMarshal.Read<uint>(payload[sizeof(int)..]);
        var at = sizeof(int) + (long)requestLength;
        if (at >= payload.Length)
        {
            return null;
        }

        var attributes = new AttributeReader(payload[Math.Min(NetlinkMessage.Align((int)at), payload.Length)..]);
        while (attributes.TryNext())
        {
            if (attributes.Type == ErrorMessageAttribute)
            {
                return $"The kernel says: {Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0))}.";
            }
        }

        return null;
    }
}
