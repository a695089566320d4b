using System.Buffers.Binary;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>
/// Flows of a device's further addresses that have another port outside, because another address of the device has a flow of the same port with the same remote, and
/// both are one number (docs/protocol.md section 2). It knows ports only: whether a flow lives is <see cref="Admission"/>'s to say.
/// </summary>
/// <remarks>Bounded: of too many, the one begun longest ago gives way.</remarks>
internal sealed class PortMappings
{
    /// <summary>Counted: no port was free for a flow that needs another.</summary>
    public const string UsedUp = "outbound-ports-used-up";

    private readonly Dictionary<(FlowKey Inside, LanAddress Local), ushort> _outside = [];
    private readonly Dictionary<FlowKey, Entry> _inside = [];
    private readonly FlowKey[] _begun;
    private int _next;

    /// <param name="capacity">1 or more.</param>
    public PortMappings(int capacity = Limits.PortMappings) => _begun = new FlowKey[capacity];

    public int Count => _inside.Count;

    /// <summary>The ports to try for a flow: of the dynamic ones (RFC 6335 section 6), as many as fit a bound.</summary>
    public static IEnumerable<ushort> Candidates(ushort port) => Enumerable.Range(1, Limits.PortsTried).Select(i => (ushort)(0xC000 | ((port + (i * 257)) & 0x3FFF)));

    /// <param name="inside">The flow with the port the device uses.</param>
    /// <param name="outside">The same with the port outside.</param>
    public bool TryFind(in FlowKey inside, LanAddress local, out FlowKey outside)
    {
        outside = inside;
        if (_inside.Count == 0 || !_outside.TryGetValue((inside, local), out var port))
        {
            return false;
        }

        outside = inside with { OwnPort = port };
        return true;
    }

    public bool Has(in FlowKey outside) => _inside.Count > 0 && _inside.ContainsKey(outside);

    /// <summary>The port that the device itself uses in a flow.</summary>
    public bool TryBack(in FlowKey outside, LanAddress local, out ushort port)
    {
        port = 0;
        if (_inside.Count == 0 || !_inside.TryGetValue(outside, out var entry) || entry.Local != local)
        {
            return false;
        }

        port = entry.Port;
        return true;
    }

    /// <param name="outside">A flow that <see cref="Has"/> does not know.</param>
    public void Add(in FlowKey inside, LanAddress local, in FlowKey outside)
    {
        if (_inside.TryGetValue(_begun[_next], out var oldest) && oldest.Slot == _next)
        {
            Remove(_begun[_next]);
        }

        _outside[(inside, local)] = outside.OwnPort;
        _inside[outside] = new(local, inside.OwnPort, _next);
        _begun[_next] = outside;
        _next = (_next + 1) % _begun.Length;
    }

    public void Remove(in FlowKey outside)
    {
        if (_inside.Remove(outside, out var entry))
        {
            _outside.Remove((outside with { OwnPort = entry.Port }, entry.Local));
        }
    }

    /// <summary>Writes another port, or echo identifier, and keeps the checksum as right or wrong as it was.</summary>
    /// <param name="transport">From TCP, UDP or ICMP on.</param>
    /// <param name="isSource">Else the destination port.</param>
    public static void Write(Span<byte> transport, in InnerPacket read, bool isSource, ushort port)
    {
        var field = transport[(read.IcmpKind != IcmpKind.None ? 4 : isSource ? 0 : 2)..];
        var old = BinaryPrimitives.ReadUInt16BigEndian(field);
        BinaryPrimitives.WriteUInt16BigEndian(field, port);
        PacketTranslation.UpdateTransportChecksum(transport, read.Protocol, old, port);
    }

    private readonly record struct Entry(LanAddress Local, ushort Port, int Slot);
}
