using System.Buffers.Binary;
using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>
/// A NAT box's PCP server (RFC 6887), MAP for UDP and IPv4 only. A port that it opened lets anyone in; what goes out from the same inside address and port uses it
/// towards those alone who came in by it, as a port forward of Linux does: towards others the NAT maps as it always does.
/// </summary>
public sealed class PcpServer
{
    private const int RequestSize = 60;

    private readonly World _world;
    private readonly Func<RealAddress> _outside;
    private readonly Dictionary<ushort, Opened> _byPort = [];
    private TimeSpan _began;

    /// <param name="inside">Its address inside.</param>
    /// <param name="outside">The box's outside address as it is now.</param>
    internal PcpServer(World world, RealAddress inside, Func<RealAddress> outside) =>
        (_world, _outside, Inside, _began) = (world, outside, inside.WithPort(Limits.MappingPort), world.Clock.Elapsed);

    public RealAddress Inside { get; }

    /// <summary>s; the most it gives.</summary>
    public uint Lifetime { get; set; } = 7200;

    /// <summary>What it answers to each request to open a port: 0, or an error of RFC 6887 section 7.4.</summary>
    public byte Result { get; set; }

    /// <summary>The address that it says is the outside one; null: the true one.</summary>
    public RealAddress? Claims { get; set; }

    /// <summary>Ports open now.</summary>
    public IEnumerable<ushort> Ports => _byPort.Where(p => p.Value.Until > _world.Clock.Elapsed).Select(p => p.Key);

    /// <summary>Requests it has answered.</summary>
    public int Asked { get; private set; }

    /// <summary>Loses all mappings.</summary>
    public void Reboot()
    {
        _byPort.Clear();
        _began = _world.Clock.Elapsed;
    }

    /// <summary>What it says on its own when it has started (section 14.1.2).</summary>
    public byte[] Announcement() => Header(0, 0, 0, 24);

    /// <summary>What becomes of a datagram that reaches the box; null: nothing, it is the NAT's.</summary>
    internal (SimDatagram Datagram, bool ToInside)? Take(SimDatagram datagram, bool fromInside)
    {
        if (fromInside && datagram.Destination == Inside)
        {
            return Answer(datagram) is { } answer ? (new SimDatagram("pcp", Inside, datagram.Source, answer), true) : null;
        }

        foreach (var (port, opened) in _byPort)
        {
            if (opened.Until <= _world.Clock.Elapsed)
            {
                continue;
            }

            if (!fromInside && datagram.Destination.Port == port)
            {
                opened.Remotes.Add(datagram.Source);
                return (datagram with { Destination = opened.Inside }, true);
            }

            if (fromInside && datagram.Source == opened.Inside && opened.Remotes.Contains(datagram.Destination))
            {
                return (datagram with { Source = _outside().WithPort(port) }, false);
            }
        }

        return null;
    }

    private byte[]? Answer(SimDatagram datagram)
    {
        var request = datagram.Bytes;
        if (request.Length != RequestSize || request[0] != 2 || request[1] != 1)
        {
            return null; // NAT-PMP, which it does not speak
        }

        Asked++;
        var lifetime = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(4)), Lifetime);
        var inside = datagram.Source.WithPort(BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(40)));
        var nonce = request[24..36];
        var port = _byPort.FirstOrDefault(p => p.Value.Inside == inside && p.Value.Until > _world.Clock.Elapsed).Key;
        if (Result != 0 || (port != 0 && !_byPort[port].Nonce.SequenceEqual(nonce)))
        {
            return [.. Header(1, Result != 0 ? Result : (byte)2, 30, RequestSize)[..24], .. request[24..]];
        }

        if (lifetime == 0)
        {
            _byPort.Remove(port);
        }
        else
        {
            port = port != 0 ? port : Free(BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(42)));
            var remotes = _byPort.GetValueOrDefault(port)?.Remotes ?? [];
            _byPort[port] = new(inside, nonce, _world.Clock.Elapsed + TimeSpan.FromSeconds(lifetime), remotes);
        }

        byte[] answer = [.. Header(1, 0, lifetime, RequestSize)[..24], .. request[24..]];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), port);
        var where = Claims ?? _outside();
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(44), where.High);
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(52), where.Low);
        return answer;
    }

    private ushort Free(ushort wished)
    {
        var port = wished == 0 ? (ushort)1024 : wished;
        while (_byPort.TryGetValue(port, out var taken) && taken.Until > _world.Clock.Elapsed)
        {
            port = port == ushort.MaxValue ? (ushort)1024 : (ushort)(port + 1);
        }

        return port;
    }

    private byte[] Header(byte opcode, byte result, uint lifetime, int size)
    {
        var bytes = new byte[size];
        (bytes[0], bytes[1], bytes[3]) = (2, (byte)(0x80 | opcode), result);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)(_world.Clock.Elapsed - _began).TotalSeconds);
        return bytes;
    }

    private sealed record Opened(RealAddress Inside, byte[] Nonce, TimeSpan Until, HashSet<RealAddress> Remotes);
}
