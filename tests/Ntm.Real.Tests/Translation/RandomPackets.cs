using Ntm.Fast.Tests.Translation;

namespace Ntm.Real.Tests.Translation;

/// <summary>Packets as a LAN or a peer might send them, good and bad, from a seed: between <see cref="Tayga"/>'s two machines, of both families.</summary>
internal sealed class RandomPackets(int seed)
{
    private static readonly byte[] s_own4 = TestPackets.IPv4(Tayga.Own4), s_remote4 = TestPackets.IPv4(Tayga.Remote4);
    private static readonly byte[] s_own6 = TestPackets.IPv6(Tayga.Own6), s_remote6 = TestPackets.IPv6(Tayga.Remote6);
    private readonly Random _random = new(seed);

    /// <summary>IPv4, own to remote.</summary>
    public byte[] NextIPv4()
    {
        if (_random.Next(4) == 0)
        {
            // About what the remote had sent.
            var about = Whole4(s_remote4, s_own4, Size(700));
            about = _random.Next(2) == 0 ? about : about[..Math.Min(about.Length, 28 + _random.Next(60))];
            var (type, code) = Pick<(byte, byte)>([
                (3, (byte)_random.Next(16)), (3, 4), (11, (byte)_random.Next(2)), (12, (byte)_random.Next(3)), (4, 0), (5, (byte)_random.Next(4))]);
            uint last = (type, code) == (3, 4) ? Pick([0u, 68u, 296u, 576u, 1006u, 1260u, 1300u, 1400u, 1500u]) : 0;
            return Make4(s_own4, s_remote4, 1, TestPackets.IcmpMessage(type, code, last, about));
        }

        return Spoil(Whole4(s_own4, s_remote4, Size(1200)), 20);
    }

    /// <summary>IPv6, remote to own.</summary>
    public byte[] NextIPv6()
    {
        if (_random.Next(4) == 0)
        {
            var about = Whole6(s_own6, s_remote6, Size(700));
            about = _random.Next(2) == 0 ? about : about[..Math.Min(about.Length, 48 + _random.Next(60))];
            var (type, code) = Pick<(byte, byte)>([
                (1, (byte)_random.Next(7)), (2, 0), (3, (byte)_random.Next(2)), (4, (byte)_random.Next(3)), (137, 0), (135, 0)]);
            var last = type == 2 ? Pick([1280u, 1300u, 1400u, 1420u, 1500u, 9000u]) : type == 4 && code == 1 ? 6u : type == 4 ? (uint)Pick([0, 4, 6, 7, 8, 24]) : 0;
            return TestPackets.MakeIPv6(s_remote6, s_own6, 58, TestPackets.IcmpMessage(type, code, last, about), (byte)_random.Next(256), HopLimit());
        }

        return Spoil(Whole6(s_remote6, s_own6, Size(1200)), 40);
    }

    private byte[] Whole4(byte[] source, byte[] destination, int size)
    {
        var (protocol, transport) = Transport(size);
        if (_random.Next(6) != 0)
        {
            return Make4(source, destination, protocol, transport, options: _random.Next(10) == 0);
        }

        // A fragment of it: the first, one in between or the last.
        transport = transport.Length < 32 ? [.. transport, .. new byte[32]] : transport;
        var cut = 8 * _random.Next(3, transport.Length / 8);
        var whole = TestPackets.MakeIPv4(source, destination, protocol, transport, (byte)_random.Next(256), HopLimit());
        var offset = _random.Next(3) switch { 0 => 0, 1 => cut, _ => 8 * _random.Next(1, 6000) };
        var more = offset == 0 || offset != cut;
        byte[] piece = offset == 0 ? whole[20..(20 + cut)] : whole[(20 + cut)..];
        piece = more ? piece[..(piece.Length / 8 * 8)] : piece;
        return [.. Header4(whole, piece.Length, (ushort)((offset / 8) | (more ? 0x2000 : 0) | Pick([0, 0x4000]))), .. piece];
    }

    private byte[] Whole6(byte[] source, byte[] destination, int size)
    {
        var (protocol, transport) = Transport(size);
        protocol = protocol == 1 ? (byte)58 : protocol;
        transport[0] = protocol == 58 ? (byte)(transport[0] == 8 ? 128 : 129) : transport[0];
        var whole = TestPackets.MakeIPv6(source, destination, protocol, transport, (byte)_random.Next(256), HopLimit());
        (whole[2], whole[3]) = ((byte)_random.Next(256), (byte)_random.Next(256)); // flow label
        switch (_random.Next(8))
        {
            case 0:
                if (transport.Length < 32)
                {
                    return whole;
                }

                var cut = 8 * _random.Next(3, transport.Length / 8);
                var offset = _random.Next(4) switch { 0 or 1 => 0, 2 => cut, _ => 8 * _random.Next(1, 6000) };
                var more = offset != cut;
                byte[] piece = offset == 0 ? whole[40..(40 + cut)] : whole[(40 + cut)..];
                piece = more ? piece[..(piece.Length / 8 * 8)] : piece;
                var field = offset | (more ? 1 : 0);
                return Insert6(whole[..40], 44, [protocol, 0, (byte)(field >> 8), (byte)field, .. Bytes(4)], piece);
            case 1:
                var next = Pick<byte>([0, 60, 43]);
                byte[] header = next == 43 ? [protocol, 0, Pick<byte>([0, 2]), Pick<byte>([0, 0, 1]), 0, 0, 0, 0] : [protocol, 0, 1, 4, 0, 0, 0, 0];
                return Insert6(whole[..40], next, header, whole[40..]);
            default:
                return whole;
        }
    }

    private (byte Protocol, byte[] Transport) Transport(int size) => _random.Next(20) switch
    {
        < 7 => (17, TestPackets.UdpDatagram(Port(), Port(), Bytes(size))),
        < 14 => (6, TestPackets.TcpSegment(Port(), Port(), (byte)_random.Next(32),
            Pick<byte[]>([[], [1, 1, 1, 1], [2, 4, 4, 0], [1, 1, 8, 10, .. Bytes(8)]]), Bytes(size))),
        < 19 => (1, TestPackets.IcmpMessage(Pick<byte>([8, 0]), 0, (uint)_random.Next(), Bytes(size))),
        _ => (Pick<byte>([47, 50, 132]), Bytes(size + 20)),
    };

    private byte[] Make4(byte[] source, byte[] destination, byte protocol, byte[] transport, bool options = false) => TestPackets.MakeIPv4(
        source, destination, protocol, transport, (byte)_random.Next(256), HopLimit(), Pick<ushort>([0, 0x4000]), (ushort)_random.Next(65536),
        options ? Pick<byte[]>([[1, 1, 1, 0], [148, 4, 0, 0], [131, 7, 4, 192, 0, 2, 1, 0], [131, 7, 8, 192, 0, 2, 1, 0]]) : null);

    /// <summary>Now and then what is wrong on the wire: checksums, lengths, a UDP packet without a checksum, padding.</summary>
    private byte[] Spoil(byte[] packet, int header)
    {
        switch (_random.Next(12))
        {
            case 0 when packet.Length > header + 8 && (packet[0] >> 4 == 4 ? packet[9] : packet[6]) == 17:
                TestPackets.Put(packet, header + 6, 0);
                break;
            case 1:
                packet[_random.Next(header, packet.Length)] ^= (byte)(1 << _random.Next(8));
                break;
            case 2 when header == 20:
                packet[_random.Next(1, 12)] ^= (byte)(1 << _random.Next(8));
                break;
            case 3:
                packet = [.. packet, .. Bytes(_random.Next(1, 20))];
                break;
            case 4:
                packet = packet[.._random.Next(header, packet.Length)];
                break;
        }

        return packet;
    }

    private static byte[] Header4(byte[] whole, int length, ushort flags)
    {
        var header = whole[..20];
        TestPackets.Put(header, 2, (ushort)(20 + length));
        TestPackets.Put(header, 6, flags);
        TestPackets.Put(header, 10, 0);
        TestPackets.Put(header, 10, TestPackets.Checksum(header));
        return header;
    }

    private static byte[] Insert6(byte[] header, byte next, byte[] inserted, byte[] rest)
    {
        header[6] = next;
        TestPackets.Put(header, 4, (ushort)(inserted.Length + rest.Length));
        return [.. header, .. inserted, .. rest];
    }

    private int Size(int most) => Pick([0, 1, 7, 8, 9, _random.Next(most), _random.Next(most)]);

    private byte HopLimit() => (byte)_random.Next(2, 256);

    private ushort Port() => (ushort)_random.Next(1, 65536);

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private T Pick<T>(T[] of) => of[_random.Next(of.Length)];
}
