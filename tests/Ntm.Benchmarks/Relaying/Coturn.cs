using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Real.Tests;

namespace Ntm.Benchmarks.Relaying;

/// <summary>
/// Debian's coturn with one client of our own that has an allocation (long-term credentials) and a channel for each peer (RFC 8656): what it relays is ChannelData one way and
/// plain UDP the other, its fastest form.
/// </summary>
internal sealed class Coturn : IForwarder
{
    private const string User = "user", Password = "secret", Realm = "home.example";
    private const ushort Allocate = 0x003, Refresh = 0x004, ChannelBind = 0x009, Success = 0x100;
    private const ushort UserName = 0x0006, Integrity = 0x0008, ChannelNumber = 0x000C, LifeTime = 0x000D, PeerAddress = 0x0012, RealmName = 0x0014, Nonce = 0x0015, Transport = 0x0019;
    private const uint Cookie = 0x2112_A442;

    private readonly List<UdpSocket> _sinks = [];
    private readonly PacketBatch _batch = new();
    private byte[] _nonce = [];

    public Coturn(TestNamespace left, TestNamespace middle, TestNamespace right, int channels, int length, int processor)
    {
        // One thread for what is relayed: more would share the one processor.
        Process = Child.In(
            middle.Name, processor, "turnserver", "-n", $"--listening-ip={Rig.MiddleLeft}", $"--relay-ip={Rig.MiddleRight}", $"--listening-port={Rig.TurnPort}", "--lt-cred-mech",
            $"--user={User}:{Password}", $"--realm={Realm}", "--no-tls", "--no-dtls", "--no-tcp", "--no-cli", "--log-file=/dev/null", "--pidfile=/dev/null", "-m", "1").Unheard();
        Target = Rig.Address(Rig.MiddleLeft, Rig.TurnPort);
        Sender = left.In(() => UdpSocket.Open(AddressFamily.InterNetwork));
        for (var i = 0; i < channels; i++)
        {
            _sinks.Add(right.In(() => UdpSocket.Open(AddressFamily.InterNetwork)));
        }

        Frames = [.. Enumerable.Range(0, channels).Select(i => Frame((ushort)(0x4000 + i), length))];
        Ask(Allocate, (Transport, [17, 0, 0, 0]), (LifeTime, [0, 0, 14, 16]));
        Renew();
    }

    public string Name => "coturn";

    public Child Process { get; }

    public UdpSocket Sender { get; }

    public RealAddress Target { get; }

    public IReadOnlyList<byte[]> Frames { get; }

    public IReadOnlyList<UdpSocket> Sinks => _sinks;

    public void Renew()
    {
        Ask(Refresh, (LifeTime, [0, 0, 14, 16]));
        for (var i = 0; i < _sinks.Count; i++)
        {
            var address = Rig.Address(Rig.Right, _sinks[i].Port).AddressBytes();
            var peer = new byte[8];
            peer[1] = 1;
            BinaryPrimitives.WriteUInt16BigEndian(peer.AsSpan(2), (ushort)(_sinks[i].Port ^ (Cookie >> 16)));
            BinaryPrimitives.WriteUInt32BigEndian(peer.AsSpan(4), BinaryPrimitives.ReadUInt32BigEndian(address) ^ Cookie);
            Ask(ChannelBind, (ChannelNumber, [0x40, (byte)i, 0, 0]), (PeerAddress, peer));
        }
    }

    public void Dispose()
    {
        Sender?.Dispose();
        _sinks.ForEach(sink => sink.Dispose());
        Process.Dispose();
    }

    private static byte[] Frame(ushort channel, int length)
    {
        var frame = new byte[4 + length];
        new Random(4916).NextBytes(frame);
        BinaryPrimitives.WriteUInt16BigEndian(frame, channel);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)length);
        return frame;
    }

    // Asks until it is answered; a refusal may bring realm and nonce, with which it is asked again.
    private void Ask(ushort method, params (ushort Type, byte[] Value)[] attributes)
    {
        var refusals = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(10);)
        {
            Send(Request(method, attributes));
            for (var wait = Stopwatch.StartNew(); wait.Elapsed < TimeSpan.FromMilliseconds(300); Thread.Sleep(1))
            {
                if (Sender.Receive(_batch) == 0)
                {
                    continue;
                }

                var answer = _batch[0].Bytes;
                if (BinaryPrimitives.ReadUInt16BigEndian(answer) == (method | Success))
                {
                    return;
                }

                if (++refusals > 3)
                {
                    throw new InvalidOperationException($"coturn refused: {Convert.ToHexString(answer)}");
                }

                _nonce = Find(answer, Nonce);
                break;
            }
        }

        throw new InvalidOperationException("coturn did not answer.");
    }

    private void Send(byte[] bytes)
    {
        _batch.Clear();
        var packet = _batch.Add();
        packet.Fill(bytes);
        packet.Path = new WirePath(0, Target, 0);
        Sender.Stage(packet);
        Sender.Flush();
    }

    private static byte[] Find(ReadOnlySpan<byte> message, ushort type)
    {
        for (var at = 20; at + 4 <= message.Length;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(message[at..]) == type)
            {
                return message.Slice(at + 4, length).ToArray();
            }

            at += 4 + ((length + 3) & ~3);
        }

        return [];
    }

    private byte[] Request(ushort method, (ushort Type, byte[] Value)[] attributes)
    {
        var message = new List<byte>([(byte)(method >> 8), (byte)method, 0, 0, 0x21, 0x12, 0xA4, 0x42, .. RandomNumberGenerator.GetBytes(12)]);
        foreach (var (type, value) in attributes)
        {
            Add(message, type, value);
        }

        if (_nonce.Length > 0)
        {
            Add(message, UserName, Encoding.ASCII.GetBytes(User));
            Add(message, RealmName, Encoding.ASCII.GetBytes(Realm));
            Add(message, Nonce, _nonce);
            Tell(message, 24);
#pragma warning disable CA5350, CA5351 // what RFC 8656 has for long-term credentials
            var key = MD5.HashData(Encoding.ASCII.GetBytes($"{User}:{Realm}:{Password}"));
            Add(message, Integrity, HMACSHA1.HashData(key, message.ToArray()));
#pragma warning restore CA5350, CA5351
        }

        Tell(message, 0);
        return [.. message];
    }

    private static void Add(List<byte> message, ushort type, byte[] value)
    {
        message.AddRange([(byte)(type >> 8), (byte)type, (byte)(value.Length >> 8), (byte)value.Length, .. value]);
        message.AddRange(new byte[-value.Length & 3]);
    }

    // The length field covers what follows the header, with what is yet to come.
    private static void Tell(List<byte> message, int more)
    {
        var length = message.Count - 20 + more;
        (message[2], message[3]) = ((byte)(length >> 8), (byte)length);
    }
}
