using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ntm.Protocol.Naming;

namespace Ntm.Hosting;

/// <summary>
/// The way to a recursive resolver: UDP, a second each of three tries, then TCP where the answer is cut. Each try has a random number and, from the kernel,
/// a random port, and takes answers from nobody but whom it asked.
/// </summary>
/// <param name="configured">Null: the system's, as /etc/resolv.conf has them at the time.</param>
/// <param name="device">The interface that questions leave by; null: any. A resolver on this machine itself is asked as it is.</param>
public sealed class Resolver(IPEndPoint? configured, string? device = null)
{
    public const int Tries = 3;
    public const ushort Port = 53;

    private const string SystemsFile = "/etc/resolv.conf";

    /// <summary>resolv.conf(5), MAXNS.</summary>
    private const int SystemsMost = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TcpPatience = TimeSpan.FromSeconds(2);

    /// <summary>Reads "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353".</summary>
    public static bool TryRead(string text, out IPEndPoint resolver)
    {
        var good = IPEndPoint.TryParse(text, out var read);
        resolver = read ?? new(IPAddress.None, Port);
        if (good && resolver.Port == 0)
        {
            resolver.Port = Port;
        }

        return good;
    }

    /// <summary>The name servers of a resolv.conf(5), the first three; this machine where it names none, as the C library takes it.</summary>
    public static IReadOnlyList<IPEndPoint> ReadSystems(IEnumerable<string> lines)
    {
        var found = lines.Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length >= 2 && w[0] == "nameserver")
            .Select(w => IPAddress.TryParse(w[1], out var address) ? new IPEndPoint(address, Port) : null)
            .OfType<IPEndPoint>().Take(SystemsMost).ToArray();
        return found.Length > 0 ? found : [new(IPAddress.Loopback, Port)];
    }

    /// <summary>A <see cref="ResolverAsking"/>.</summary>
    public async Task<ResolverAnswer> AskAsync(string name, ushort type, CancellationToken stop)
    {
        var servers = configured is null ? Systems() : [configured];
        DnsResponse? last = null;
        for (var i = 0; i < Tries; i++)
        {
            var server = servers[i % servers.Count];
            var response = await TryAsync(server, name, type, stop).ConfigureAwait(false);
            if (response is { Code: DnsCode.NoError or DnsCode.NameError })
            {
                return new(response, $"{server} answered.");
            }

            last = response ?? last;
            if (last is not null && servers.Count == 1)
            {
                break; // it said that it cannot: asking again at once brings nothing else
            }
        }

        var asked = string.Join(" and ", servers.Take(Tries));
        return last is null ? new(null, $"Nobody answered at {asked}.") : new(last, $"{asked} answered that it cannot say ({last.Code}).");
    }

    private static IReadOnlyList<IPEndPoint> Systems()
    {
        try
        {
            return ReadSystems(File.ReadLines(SystemsFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ReadSystems([]);
        }
    }

    private async Task<DnsResponse?> TryAsync(IPEndPoint server, string name, ushort type, CancellationToken stop)
    {
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var query = DnsResponse.Query(id, name, type);
        var byUdp = await InTimeAsync(Patience, limit => ByUdpAsync(server, query, id, name, type, limit), stop).ConfigureAwait(false);
        return byUdp is { IsCut: true } ? await InTimeAsync(TcpPatience, limit => ByTcpAsync(server, query, id, name, type, limit), stop).ConfigureAwait(false) : byUdp;
    }

    private static async Task<DnsResponse?> InTimeAsync(TimeSpan patience, Func<CancellationToken, Task<DnsResponse?>> ask, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            return null;
        }
    }

    private async Task<DnsResponse?> ByUdpAsync(IPEndPoint server, byte[] query, ushort id, string name, ushort type, CancellationToken limit)
    {
        using var socket = Leaving(server, new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        await socket.ConnectAsync(server, limit).ConfigureAwait(false); // others' datagrams are not taken
        await socket.SendAsync(query, limit).ConfigureAwait(false);
        var buffer = new byte[DnsResponse.BytesMost + 1];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, limit).ConfigureAwait(false);
            if (DnsResponse.Read(buffer.AsSpan(0, length), id, name, type) is { } response)
            {
                return response;
            }
        }
    }

    private async Task<DnsResponse?> ByTcpAsync(IPEndPoint server, byte[] query, ushort id, string name, ushort type, CancellationToken limit)
    {
        var socket = Leaving(server, new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        await using var stream = await ConnectAsync(socket, server, limit).ConfigureAwait(false);
        byte[] framed = [(byte)(query.Length >> 8), (byte)query.Length, .. query];
        await stream.WriteAsync(framed, limit).ConfigureAwait(false);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, limit).ConfigureAwait(false);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        if (message.Length > DnsResponse.BytesMost)
        {
            return null;
        }

        await stream.ReadExactlyAsync(message, limit).ConfigureAwait(false);
        return DnsResponse.Read(message, id, name, type) is { IsCut: false } response ? response : null;
    }

    /// <exception cref="SocketException">There is no such interface, or it may not be chosen.</exception>
    private Socket Leaving(IPEndPoint server, Socket socket)
    {
        const int Level = 1, BindToDevice = 25; // SOL_SOCKET, SO_BINDTODEVICE: asm-generic/socket.h
        if (device is null || IPAddress.IsLoopback(server.Address))
        {
            return socket;
        }

        try
        {
            socket.SetRawSocketOption(Level, BindToDevice, Encoding.ASCII.GetBytes(device));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<NetworkStream> ConnectAsync(Socket socket, IPEndPoint server, CancellationToken limit)
    {
        try
        {
            await socket.ConnectAsync(server, limit).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
