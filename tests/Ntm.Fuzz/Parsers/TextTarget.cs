using System.Net;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Fuzz.Parsers;

/// <summary>Texts that people and peers write for addresses and keys.</summary>
public sealed class TextTarget : Target
{
    public override string Name => "text";

    public override string Law => "RealAddress, MacAddress, PublicKey: never throws; what was read is written so that it reads the same";

    public override int LongestInput => 96;

    public override IReadOnlyList<byte[]> Words => [.. new[] { "::", "[", "]", "]:", "%1", "%eth0", "0x", "=", "+", "/", "255", ":65535", ":0", "::ffff:" }.Select(Encoding.Latin1.GetBytes)];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("ipv4", "203.0.113.5:4916"u8.ToArray()), ("ipv6", "[2001:db8::5]:4916"u8.ToArray()), ("mapped", "[::ffff:192.0.2.1]:1"u8.ToArray()),
        ("mac", "02:00:5e:10:00:ff"u8.ToArray()), ("mac-hyphens", "02-00-5E-10-00-FF"u8.ToArray()),
        ("key", Encoding.ASCII.GetBytes(new PublicKey([.. Enumerable.Range(1, 32).Select(i => (byte)i)]).ToString())),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var text = Encoding.Latin1.GetString(input);
        var outcome = 0;
        if (RealAddress.TryParse(text, out var address))
        {
            outcome |= address.IsIPv4 ? 1 : 2;
            Require(address.Port != 0, "a real address has a port");
            Require(RealAddress.TryParse(address.ToString(), out var again) && again == address, "an address reads as it was written");
            Require(RealAddress.TryCreate(address.AddressBytes(), address.Port, out again) && again == address, "an address is made of its bytes");
            Require(RealAddress.From(IPEndPoint.Parse(address.ToString())) == address, "an address is an endpoint");
        }

        if (MacAddress.TryParse(text, out var mac))
        {
            outcome |= 4;
            Require(text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '-'), "a MAC address is digits and separators");
            Require(mac.Value >> 48 == 0 && MacAddress.TryParse(mac.ToString(), out var again) && again == mac, "a MAC address reads as it was written");
        }

        if (PublicKey.TryParse(text, out var key))
        {
            outcome |= 8;
            Require(PublicKey.TryParse(key.ToString(), out var again) && again == key, "a key reads as it was written");
        }

        return (outcome << 8) | Math.Min(text.Length, 255);
    }
}
