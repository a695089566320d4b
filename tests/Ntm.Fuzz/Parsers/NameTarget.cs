using System.Text;
using Ntm.Node.Naming;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fuzz.Parsers;

/// <summary>Names: labels, zones, names below a zone, reverse names, and their wire form.</summary>
public sealed class NameTarget : Target
{
    private const string Zone = "home.example";

    public override string Name => "name";

    public override string Law => "NtmName, ReverseName, DnsMessage.TryEncodeName: never throws; parts make up the whole; 255 bytes on the wire at most";

    public override int LongestInput => 320;

    public override IReadOnlyList<byte[]> Words =>
        [.. new[] { ".", "..", "-", "_", Zone, ".ip6.arpa", ".in-addr.arpa", "a.", "\\000", new string('a', 63) + ".", "255." }.Select(Encoding.Latin1.GetBytes)];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("device", "nas.bob.home.example"u8.ToArray()), ("node", "bob.home.example"u8.ToArray()), ("zone", "home.example"u8.ToArray()),
        ("reverse4", "5.0.18.198.in-addr.arpa"u8.ToArray()),
        ("reverse6", Encoding.ASCII.GetBytes(string.Join('.', "0100000000000000000000008bd01002fd".Select(c => c)) [..63] + ".ip6.arpa")),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        var canonical = NtmName.Canonical(text);
        var outcome = 0;
        if (NtmName.IsLabel(text))
        {
            outcome |= 1;
        }

        if (NtmName.IsZone(text))
        {
            outcome |= 2;
            Require(NtmName.Canonical(text) == text, "a zone's name is canonical");
        }

        if (NtmName.TrySplit(canonical, Zone, out var node, out var device))
        {
            outcome |= device is null ? 4 : 8;
            Require(canonical == (device is null ? $"{node}.{Zone}" : $"{device}.{node}.{Zone}"), "a name is its parts");
        }

        if (ReverseName.TryParse(canonical, out var address))
        {
            outcome |= 16;
            Require(ReverseName.Of(address!) == canonical, "a reverse name is its address's");
        }

        if (DnsMessage.TryEncodeName(text, out var wire))
        {
            outcome |= 32;
            Require(wire.Length is > 0 and <= 255 && wire[^1] == 0, "a name on the wire has 255 bytes at most and ends in zero");
        }

        return outcome;
    }
}
