using Ntm.Node;
using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fuzz.Parsers;

/// <summary>
/// What a box in front of an uplink, or who passes for it, sends: to a machine that has asked by PCP, by NAT-PMP, or searches by UPnP (the first byte says which). The PCP
/// nonce is a fixed one, or nothing would get far.
/// </summary>
public sealed class BoxDatagramTarget : Target
{
    private static readonly byte[] s_nonce = [.. "ntm-nonce-12"u8];
    private static readonly RealAddress s_own = RealAddress.FromIPv4(0xC0A8_0502, 41641);
    private static readonly RealAddress s_box = RealAddress.FromIPv4(0xC0A8_0501, 0);

    public override string Name => "box-datagram";

    public override string Law => "UplinkMapping: never throws; speaks to the box or the search's group alone; an open port has an address, a port and an end within a day; at most 8 things are sent for one datagram";

    public override int LongestInput => 1200;

    public override IReadOnlyList<byte[]> Words =>
        [s_nonce, [0xA2, 0xA9], [0xFF, 0xFF, 0xCB, 0x00, 0x71, 0x05], [2, 0x81, 0, 0], [2, 0x80], [0, 0x81], [0, 0x80], [.. "LOCATION: http://192.168.5.1:80/\r\n"u8], [.. "ST: "u8], [.. "\r\n"u8]];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        var request = PcpMessage.Request(s_own, s_nonce, 41641, 3600);
        byte[] map = [2, 0x81, 0, 0, 0, 0, 14, 16, 0, 0, 3, 232, .. new byte[12], .. request[24..44], .. new byte[10], 0xFF, 0xFF, 0xCB, 0, 0x71, 5];
        yield return ("pcp", [0, .. map]);
        map[3] = 8;
        yield return ("pcp-refused", [0, .. map]);
        yield return ("pcp-announcement", [0, 2, 0x80, .. new byte[22]]);
        yield return ("pcp-version", [0, 0, 0x81, 0, 1, 0, 0, 0, 9]);
        yield return ("nat-pmp-address", [1, 0, 0x80, 0, 0, 0, 0, 3, 232, 0xCB, 0, 0x71, 5]);
        yield return ("nat-pmp-port", [1, 0, 0x81, 0, 0, 0, 0, 3, 232, 0xA2, 0xA9, 0xA2, 0xA9, 0, 0, 14, 16]);
        yield return ("nat-pmp-refused", [1, 0, 0x81, 0, 2, 0, 0, 3, 232]);
        yield return ("ssdp", [2, .. "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.5.1:5000/rootDesc.xml\r\n\r\n"u8]);
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.Length < 1)
        {
            return 0;
        }

        var kind = input[0] % 3;
        var events = new Queue<NodeEvent>();
        var counters = new Counters();
        var changes = 0;
        var mapping = new UplinkMapping(0, true, events.Enqueue, () => 7, counters)
        {
            IsPossible = external => CandidateAddress.IsPossible(external, default),
            OnChange = _ => changes++,
            Memory = new(s_nonce, 0, (MappingProtocol)kind),
        };
        var now = new Now(TimeSpan.FromHours(1), DateTimeOffset.UnixEpoch);
        mapping.Aim(now, s_own, s_box, null);
        if (kind == 1)
        {
            mapping.Heard(now, s_box.WithPort(Limits.MappingPort), [0, 0x80, 0, 0, 0, 0, 3, 232, 0xCB, 0, 0x71, 5]);
        }

        events.Clear();
        mapping.Heard(now, s_box.WithPort(kind == 2 ? (ushort)1900 : Limits.MappingPort), input[1..]);
        Require(events.Count <= 8, "one datagram has few things sent");
        foreach (var sent in events)
        {
            Require(sent switch
            {
                NodeEvent.MappingDatagram datagram => datagram.To == s_box.WithPort(Limits.MappingPort) || datagram.To == SsdpMessage.Group,
                NodeEvent.MappingExchange exchange => exchange.To.SameHost(s_box) && exchange.To.Port != 0 && exchange.Path[0] == '/' && exchange.Path.All(c => c is > ' ' and <= '~'),
                _ => false,
            }, "only the box is spoken to");
        }

        if (mapping.Port is { } port)
        {
            Require(port.External.Port != 0 && !port.External.IsNone && port.Until > now.Boot && port.Until <= now.Boot + Limits.MappingLifetimeMost, "an open port is one");
        }

        Require(mapping.NextDeadline > now.Boot, "time must pass before it does something again");
        return Outcome(mapping.Reason) + (mapping.Port is null ? 0 : 1) + (events.Count << 4) + (counters.All.Count << 8);
    }
}
