using System.Buffers.Binary;
using System.Text;
using Ntm.Node;
using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>One uplink's mapping by hand-held time, and a box in front of it that answers as it is told. By default the box answers nothing.</summary>
internal sealed class MappingBench
{
    public static readonly RealAddress Own = Address("192.168.5.2:41641"), Own6 = Address("[2001:db8:5::2]:41641");
    public static readonly RealAddress Gateway = Address("192.168.5.1:1").WithPort(0), Gateway6 = Address("[fe80::1]:1").WithPort(0);
    public static readonly RealAddress Public = Address("203.0.113.5:1").WithPort(0);

    private readonly Queue<NodeEvent> _events = new();
    private ulong _random = 40_000;

    public MappingBench(bool ipv4 = true, MappingMemory? memory = null)
    {
        Mapping = new UplinkMapping(0, ipv4, _events.Enqueue, () => _random += 7, Counters)
        {
            IsPossible = external => CandidateAddress.IsPossible(external, default) && !external.SameHost(Own),
            OnChange = _ => Changes++,
            OnMemory = m => Kept = MappingMemory.TryRead(m.Memory.ToBytes(), out var read) ? read : throw new InvalidOperationException(),
        };
        if (memory is not null)
        {
            Mapping.Memory = memory;
        }
    }

    public Counters Counters { get; } = new();

    public UplinkMapping Mapping { get; }

    public MappingMemory? Kept { get; private set; }

    public int Changes { get; private set; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(3);

    /// <summary>What the box answers to a datagram on port 5351; null: nothing.</summary>
    public Func<byte[], byte[]?> OnDatagram { get; set; } = _ => null;

    /// <summary>The location it answers a search with; null: nothing.</summary>
    public string? Location { get; set; }

    public Func<NodeEvent.MappingExchange, (int Status, string Body)?> OnHttp { get; set; } = _ => null;

    /// <summary>Everything that was sent, and when.</summary>
    public List<(TimeSpan At, NodeEvent Sent)> Sent { get; } = [];

    public IEnumerable<byte[]> Datagrams(byte version) => Sent.Select(s => s.Sent).OfType<NodeEvent.MappingDatagram>()
        .Where(d => d.To.Port == Limits.MappingPort && d.Bytes[0] == version).Select(d => d.Bytes);

    public IEnumerable<NodeEvent.MappingExchange> Exchanges => Sent.Select(s => s.Sent).OfType<NodeEvent.MappingExchange>();

    public int Searches => Sent.Count(s => s.Sent is NodeEvent.MappingDatagram { To.Port: 1900 });

    private Now At => new(Now, DateTimeOffset.UnixEpoch);

    public MappingBench Aim()
    {
        Mapping.Aim(At, Mapping.IsIPv4 ? Own : Own6, Mapping.IsIPv4 ? Gateway : Gateway6, null);
        Pump();
        return this;
    }

    public void Off(string why) => Mapping.Aim(At, default, default, why);

    public void Release()
    {
        Mapping.Release(At, "it is over");
        Pump();
    }

    public void Hear(byte[] bytes, RealAddress? from = null)
    {
        Mapping.Heard(At, from ?? (Mapping.IsIPv4 ? Gateway : Gateway6).WithPort(Limits.MappingPort), bytes);
        Pump();
    }

    public void Doubt()
    {
        Mapping.Doubt(At);
        Pump();
    }

    public void Exchanged(int ticket, int status, string body)
    {
        Mapping.Exchanged(At, ticket, status, Encoding.UTF8.GetBytes(body));
        Pump();
    }

    /// <summary>Lets time pass, with everything that becomes due in it.</summary>
    public MappingBench Run(TimeSpan time)
    {
        var end = Now + time;
        for (var steps = 0; Mapping.NextDeadline <= end; steps++)
        {
            Assert.True(steps < 100_000, "it is never at rest");
            Now = Mapping.NextDeadline > Now ? Mapping.NextDeadline : Now;
            Mapping.HandleTimeout(At);
            Pump();
        }

        Now = end;
        return this;
    }

    private void Pump()
    {
        while (_events.TryDequeue(out var happened))
        {
            Sent.Add((Now, happened));
            switch (happened)
            {
                case NodeEvent.MappingDatagram datagram when datagram.To.Port == Limits.MappingPort:
                    Assert.Equal(datagram.Gateway.WithPort(Limits.MappingPort), datagram.To);
                    if (OnDatagram(datagram.Bytes) is { } answer)
                    {
                        Mapping.Heard(At, datagram.To, answer);
                    }

                    break;
                case NodeEvent.MappingDatagram search:
                    Assert.Equal(SsdpMessage.Group, search.To);
                    if (Location is { } location)
                    {
                        Mapping.Heard(At, Gateway.WithPort(1900), Found(location));
                    }

                    break;
                case NodeEvent.MappingExchange request:
                    Assert.True(request.To.SameHost(Gateway), "a request to somebody else");
                    if (OnHttp(request) is { } page)
                    {
                        Mapping.Exchanged(At, request.Ticket, page.Status, Encoding.UTF8.GetBytes(page.Body));
                    }

                    break;
            }
        }
    }

    public static RealAddress Address(string text) => RealAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);

    /// <summary>A PCP server's answer to a MAP request; null for anything else.</summary>
    public static byte[]? Pcp(byte[] request, byte result = 0, uint lifetime = 3600, uint epoch = 1000, RealAddress? external = null)
    {
        if (request[0] != 2 || request[1] != 1)
        {
            return null;
        }

        var answer = (byte[])request.Clone();
        (answer[1], answer[2], answer[3]) = (0x81, 0, result);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(4)) == 0 ? 0 : lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(8), epoch);
        answer.AsSpan(12, 12).Clear();
        var wished = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(42));
        var where = external ?? Public.WithPort(wished == 0 ? (ushort)41641 : wished);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), where.Port);
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(44), where.High);
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(52), where.Low);
        return answer;
    }

    public static byte[] PcpAnnouncement(uint epoch)
    {
        var bytes = new byte[24];
        (bytes[0], bytes[1]) = (2, 0x80);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), epoch);
        return bytes;
    }

    /// <summary>A NAT-PMP box's answer; to a PCP request as RFC 6886 section 3.5 has it.</summary>
    public static byte[] NatPmp(byte[] request, ushort result = 0, uint lifetime = 3600, uint epoch = 1000, uint address = 0xCB00_7105, ushort? port = null)
    {
        var opcode = request[0] == 0 ? request[1] : (byte)1;
        var answer = new byte[result != 0 || request[0] != 0 ? 8 : opcode == 0 ? 12 : 16];
        answer[1] = (byte)(0x80 | opcode);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), request[0] != 0 ? (ushort)1 : result);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), epoch);
        if (answer.Length == 12)
        {
            BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(8), address);
        }
        else if (answer.Length == 16)
        {
            var closes = BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(8)) == 0;
            request.AsSpan(4, 2).CopyTo(answer.AsSpan(8));
            BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(10), closes ? (ushort)0 : port ?? BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(6)));
            BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(12), closes ? 0 : lifetime);
        }

        return answer;
    }

    public static byte[] Found(string location, string device = "urn:schemas-upnp-org:device:InternetGatewayDevice:1") =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {device}\r\nUSN: uuid:1::{device}\r\nEXT:\r\nLOCATION: {location}\r\n\r\n");
}
