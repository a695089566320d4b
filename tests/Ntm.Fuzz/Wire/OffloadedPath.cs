using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Ntm.Fuzz.Cores;
using Ntm.Linux.Offloads;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// A packet's whole way but the kernel's part of it, from what a read on one TUN gives to what is written to the other: cut, translated, sealed, made into trains;
/// then, after whatever a middleman did with the trains, opened, translated, merged. It knows every packet that may come out, from the plain cutting of what went
/// in, and holds to it: what comes out is one of them, whole and once, and what does not is counted under a reason.
/// </summary>
public sealed class OffloadedPath
{
    public const string Device4 = "192.168.1.10";

    private static readonly VirtualAddress s_left = VirtualAddress.Compose(0x1122334455, 0xAAAA, 0), s_right = VirtualAddress.Compose(0x1122334455, 0xBBBB, 0);

    private readonly SealedPair _pair = new();
    private readonly DeviceProxy? _leftProxy;
    private readonly DeviceProxy? _rightProxy;
    private readonly Counters _leftCounters = new(), _rightCounters = new();
    private readonly PacketBatch _outbound = new(), _inbound = new();
    private readonly SegmentGathering _gathering = new(Limits.BatchSlots);
    private readonly Dictionary<UInt128, int> _expected = [];
    private readonly byte[] _normal = new byte[70_000];
    private DatagramRun _run;
    private readonly List<byte[]> _running = [];

    /// <param name="proxied">Through a device proxy at either end, as in the gateway; else from tunnel to tunnel.</param>
    public OffloadedPath(bool proxied)
    {
        _pair.Tunnel.SendPath = _pair.Tunnel.SendPath with { Channel = 7 }; // as through a relay
        if (!proxied)
        {
            IPv4 = new([192, 0, 2, 1], [198, 51, 100, 9]);
            IPv6 = new(IPAddress.Parse("2001:db8:1::10").GetAddressBytes(), IPAddress.Parse("2001:db8:2::20").GetAddressBytes());
            return;
        }

        (_leftProxy, var aliases) = Proxy(s_left, "2001:db8:1::", _leftCounters);
        (_rightProxy, _) = Proxy(s_right, "2001:db8:2::", _rightCounters);
        aliases.TryGetOrAdd(_pair.Now, s_right.WithNumber(1), out var alias, out _);
        IPv4 = new(IPAddress.Parse(Device4).GetAddressBytes(), [(byte)(alias >> 24), (byte)(alias >> 16), (byte)(alias >> 8), (byte)alias]);
        IPv6 = new(IPAddress.Parse("2001:db8:1::10").GetAddressBytes(), s_right.WithNumber(0x8001).ToIPAddress().GetAddressBytes());
    }

    /// <summary>What a device at the left may send to one at the right.</summary>
    public InnerSource IPv4 { get; }

    public InnerSource IPv6 { get; }

    /// <summary>Trains that the left has sent and nobody has taken away.</summary>
    public List<Train> Wire { get; } = [];

    /// <summary>Everything refused at either end, by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> Refused => _leftCounters.All.Concat(_pair.Alice.Counters.All).Concat(_rightCounters.All).Concat(_pair.Bob.Counters.All);

    /// <summary>Packets that were cut; datagrams that were sent, and that arrived; packets that were written, and in how many pieces.</summary>
    public long Cut { get; private set; }

    public long Sent { get; private set; }

    public long Arrived { get; private set; }

    public long Delivered { get; private set; }

    public long Pieces { get; private set; }

    /// <summary>Packets that went in and have not come out.</summary>
    public long Missing => _expected.Values.Sum();

    /// <summary>What a read on the left's TUN gave.</summary>
    /// <returns>False: it was refused, and counted.</returns>
    public bool Enter(VirtioHeader header, byte[] packet)
    {
        var room = Limits.PacketCapacity - Limits.PacketHeadroom;
        if (!SegmentCut.TryBegin(header, packet, out var cut) || cut.LongestLength > room)
        {
            Require(!cut.HasMore || cut.LongestLength > room, "what is refused has nothing to take");
            _leftCounters.Count(cut.HasMore ? "tun-oversized" : "tun-malformed");
            return false;
        }

        var plain = PlainSegments.Of(header, packet);
        var index = 0;
        for (; cut.HasMore; index++)
        {
            if (_outbound.IsFull)
            {
                Send();
            }

            var slot = _outbound.Add();
            slot.SetLength(cut.Next(packet, slot.Room));
            Require(index < plain.Count && slot.Bytes.SequenceEqual(plain[index]), "what is cut is what a sender without offloads sends");
            var print = Print(plain[index]);
            _expected[print] = _expected.GetValueOrDefault(print) + 1;
        }

        Require(index == plain.Count, "all of it is cut");
        Cut += index;
        return true;
    }

    /// <summary>The end of the left's batch: translated, sealed, handed to the socket, sent.</summary>
    public void Send()
    {
        for (var i = 0; i < _outbound.Count; i++)
        {
            var packet = _outbound[i];
            var before = Counted(_leftCounters, _pair.Alice.Counters);
            var goes = _leftProxy is null || _leftProxy.Outbound(_pair.Now, packet, out _) == OutboundVerdict.ToPeer;
            if (goes)
            {
                _pair.Alice.Seal(_pair.Now, _pair.Tunnel, packet);
            }

            goes &= packet.Disposition == Disposition.ToWire;
            Require(Counted(_leftCounters, _pair.Alice.Counters) - before == (goes ? 0 : 1), "outbound, what does not go out is counted, once");
            if (goes)
            {
                Stage(packet);
            }
        }

        _outbound.Clear();
        Flush();
    }

    /// <summary>A train at the right's socket.</summary>
    public void Arrive(Train train)
    {
        for (var at = 0; at < train.Bytes.Length; at += train.Segment)
        {
            if (_inbound.IsFull)
            {
                Receive();
            }

            var slot = _inbound.Add();
            var bytes = train.Bytes.AsSpan(at, Math.Min(train.Segment, train.Bytes.Length - at));
            slot.Path = new(0, Cast.Alice.Address, 0);
            bytes.CopyTo(slot.Room);
            slot.SetLength(bytes.Length);
            Arrived++;
        }
    }

    /// <summary>The end of the right's batch: opened, translated, gathered, written.</summary>
    public void Receive()
    {
        for (var i = 0; i < _inbound.Count; i++)
        {
            var packet = _inbound[i];
            var before = Counted(_rightCounters, _pair.Bob.Counters);
            var verdict = _pair.Bob.Open(_pair.Now, packet, out _);
            var goes = verdict == OpenVerdict.Data && (_rightProxy is null || _rightProxy.Inbound(_pair.Now, packet, s_left) == InboundVerdict.ToLan);
            var isCounted = verdict is OpenVerdict.Refused or OpenVerdict.Data && !goes;
            Require(Counted(_rightCounters, _pair.Bob.Counters) - before == (isCounted ? 1 : 0), "inbound, what is not delivered is counted, once");
            if (goes)
            {
                _gathering.Add(packet);
            }
        }

        Write();
        _inbound.Clear();
        while (_pair.AlicesOutbox.TryTakeDatagram(out _, out _) || _pair.BobsOutbox.TryTakeDatagram(out _, out _))
        {
        }
    }

    /// <summary>What is on its way is lost: it need not come any more, and must not.</summary>
    public void Forget()
    {
        Wire.Clear();
        _expected.Clear();
    }

    private static (DeviceProxy Proxy, AliasTable Aliases) Proxy(VirtualAddress own, string lan, Counters counters)
    {
        var now = new Now(TimeSpan.FromHours(1), Cast.Wall + TimeSpan.FromHours(1));
        var devices = new DeviceTable(counters, static _ => { });
        var aliases = new AliasTable(Limits.AliasNetwork, Limits.AliasPrefixLength, counters, static _ => { });
        var proxy = new DeviceProxy(own, devices, aliases, counters);
        proxy.SetOwnAddresses([IPAddress.Parse("192.168.1.1"), IPAddress.Parse(lan + "1")]);
        var mac = new MacAddress(0x02_00_00_00_00_01);
        devices.NeighbourSeen(now, new(IPAddress.Parse(Device4), mac));
        devices.NeighbourSeen(now, new(IPAddress.Parse(lan + "10"), mac));
        devices.Publish(now, mac, "nas");
        return (proxy, aliases);
    }

    private static long Counted(Counters one, Counters other) => Count(one) + Count(other);

    // Answers are told of besides the refusals they are about.
    private static long Count(Counters counters)
    {
        long sum = 0;
        foreach (var (reason, count) in counters.All)
        {
            sum += reason is "icmp-error-sent" or "icmp-error-rate-limited" ? 0 : count;
        }

        return sum;
    }

    private void Stage(Packet packet)
    {
        Sent++;
        if (_running.Count > 0 && _run.TryAdd(packet.Length, int.MaxValue))
        {
            _running.Add(packet.Bytes.ToArray());
            return;
        }

        Flush();
        _run = DatagramRun.Begin(packet.Path.Remote, packet.Length);
        _running.Add(packet.Bytes.ToArray());
    }

    private void Flush()
    {
        if (_running.Count > 0)
        {
            Require(_run.Count == _running.Count && _run.Bytes == _running.Sum(d => d.Length), "a run knows what is in it");
            Require(_running.SkipLast(1).All(d => d.Length == _run.Segment) && _running[^1].Length <= _run.Segment, "a run is of one length, but for the last");
            Wire.Add(new([.. _running.SelectMany(d => d)], _run.Segment));
            _running.Clear();
        }
    }

    private void Write()
    {
        for (var run = 0; run < _gathering.Runs; run++)
        {
            var count = _gathering.CountOf(run);
            var header = count > 1 ? _gathering.Finish(run) : default;
            var written = new List<byte>();
            for (var cursor = -1; _gathering.TryNext(run, ref cursor, out var packet);)
            {
                written.AddRange(packet.Bytes[(written.Count == 0 ? 0 : _gathering.HeadersOf(run))..]);
            }

            var packets = PlainSegments.Of(header, [.. written]);
            Require(packets.Count == count, "the kernel cuts what was merged into as many");
            Pieces++;
            foreach (var packet in packets)
            {
                var print = Print(packet);
                Require(_expected.TryGetValue(print, out var left), "what is delivered was sent, and not delivered before");
                Delivered++;
                if (left == 1)
                {
                    _expected.Remove(print);
                }
                else
                {
                    _expected[print] = left - 1;
                }
            }
        }

        _gathering.Clear();
    }

    // The same for a packet as it was sent and as it must arrive. Between tunnels that is the packet, but for IPv4's identification where it has no meaning (RFC 6864).
    // Through the proxies the network header is another, and the transport checksum; whether it is right, and if not by how much it is wrong, must be the same.
    private UInt128 Print(ReadOnlySpan<byte> packet)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        packet = packet[..WithoutRest(packet)];
        var text = _normal.AsSpan(0, packet.Length + 6);
        packet.CopyTo(text[6..]);
        text[..6].Clear();
        var bytes = text[6..];
        if (PlainSegments.TryTransport(packet, out var transport, out var protocol, out var isFragment))
        {
            var isIPv4 = packet[0] >> 4 == 4;
            var field = protocol switch { 6 => transport + 16, 17 => transport + 6, _ => packet.Length };
            if (!isFragment && field + 2 <= packet.Length)
            {
                var isBare = protocol == 17 && packet[field] == 0 && packet[field + 1] == 0;
                var residual = PlainSegments.Residual(packet, transport, protocol);
                BinaryPrimitives.WriteUInt16BigEndian(text, isBare ? (ushort)1 : (ushort)~residual);
                bytes.Slice(field, 2).Clear();
            }

            if (_leftProxy is not null)
            {
                // Addresses, hop counts and lengths of headers are the proxies' business, and their tests'; ICMP is translated altogether.
                text[2] = protocol is 1 or 58 ? (byte)1 : protocol;
                text[3] = (byte)(isIPv4 ? packet[1] : (packet[0] << 4) | (packet[1] >> 4));
                if (text[0] == 0 && text[1] == 1 && protocol == 17)
                {
                    text[1] = 0; // IPv6 wants a checksum, and the proxy makes it
                }

                var rest = protocol is 1 or 58 || isFragment ? default : bytes[transport..];
                if (rest.IsEmpty)
                {
                    text[3] = 0;
                }

                rest.CopyTo(bytes);
                text = text[..(6 + rest.Length)];
            }
            else if (isIPv4)
            {
                BinaryPrimitives.WriteUInt16BigEndian(text[4..], Simulation.Checksum.Of(packet[..transport]));
                bytes.Slice(10, 2).Clear();
                if (!isFragment && (packet[6] & 0x40) != 0)
                {
                    // With the header's sum: what it is wrong by stays the same.
                    bytes.Slice(4, 2).Clear();
                }
            }
        }

        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    // What stands behind the packet that the IP header tells of is padding.
    private static int WithoutRest(ReadOnlySpan<byte> packet) => (packet.Length == 0 ? 0 : packet[0] >> 4) switch
    {
        4 when packet.Length >= 20 && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) is >= 20 and var told && told < packet.Length => told,
        6 when packet.Length >= 40 && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) + 40 < packet.Length => BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) + 40,
        _ => packet.Length,
    };

    private static void Require(bool holds, string law)
    {
        if (!holds)
        {
            throw new Violation(law);
        }
    }
}
