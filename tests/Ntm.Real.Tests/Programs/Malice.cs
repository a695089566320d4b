using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Programs;

/// <summary>Datagrams that nobody should send: made here, sent from a namespace.</summary>
internal static class Malice
{
    /// <summary>The most that a UDP datagram over IPv4 can carry.</summary>
    public const int Longest = 65_507;

    private static readonly int[] s_big = [256, 1279, 1280, 1452, 1472, 1500, 2047, 2048, 4096, 9000, 32_768, Longest];

    /// <summary>All lengths from 0 to 200 and some big ones, each with every message type, channels, other first bytes and noise.</summary>
    public static IEnumerable<byte[]> Noise(Random random)
    {
        foreach (var length in Enumerable.Range(0, 201).Concat(s_big))
        {
            yield return new byte[length];
            foreach (byte type in (byte[])[TunnelMessage.Initiation, TunnelMessage.Response, TunnelMessage.CookieReply, TunnelMessage.Transport, 0, 0xFF])
            {
                var datagram = new byte[length];
                random.NextBytes(datagram);
                if (length > 0)
                {
                    datagram[0] = type;
                }

                yield return datagram;
                if (length > 3)
                {
                    // As one that is not relayed.
                    datagram = [.. datagram];
                    datagram.AsSpan(1, 3).Clear();
                    yield return datagram;
                }
            }
        }
    }

    /// <summary>Initiations to a key, each of another party that the receiver has never heard of: all of their cryptography is right.</summary>
    public static IEnumerable<byte[]> Initiations(PublicKey to, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var outbox = new Outbox();
            var table = new TunnelTable(StaticKeyPair.Generate(SystemEntropy.Instance), SystemEntropy.Instance, outbox);
            var tunnel = table.Add(to, TunnelKind.Ntm);
            tunnel.Candidates.Add(new WirePath(0, RealAddress.From(new IPEndPoint(IPAddress.Parse(Town.ServerAddress), 9)), 0));
            table.Begin(BootClock.Now, tunnel);
            Assert.True(outbox.TryTakeDatagram(out _, out var initiation));
            yield return initiation;
        }
    }

    /// <summary>Every beginning of a datagram.</summary>
    public static IEnumerable<byte[]> Truncations(byte[] whole) => Enumerable.Range(0, whole.Length).Select(length => whole[..length]);

    /// <summary>The datagram with one bit changed in each of its bytes in turn.</summary>
    public static IEnumerable<byte[]> Changes(byte[] whole) => Enumerable.Range(0, whole.Length).Select(i =>
    {
        byte[] changed = [.. whole];
        changed[i] ^= 0x10;
        return changed;
    });

    /// <summary>Sends them from a socket of its own, with a rest now and then, so that they are heard and not only dropped by the kernel.</summary>
    /// <returns>How many the kernel took.</returns>
    public static int Send(TestNamespace from, IPEndPoint to, IEnumerable<byte[]> datagrams)
    {
        using var socket = from.In(() => new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 1 << 20 });
        var sent = 0;
        foreach (var datagram in datagrams)
        {
            try
            {
                socket.SendTo(datagram, to);
                if (++sent % 64 == 0)
                {
                    Thread.Sleep(1);
                }
            }
            catch (SocketException)
            {
                // An ICMP error of one sent before, or too long for this path.
            }
        }

        return sent;
    }
}
