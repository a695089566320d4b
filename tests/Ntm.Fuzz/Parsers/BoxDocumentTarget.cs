using System.Text;
using Ntm.Node.Mapping;
using Ntm.Protocol;

namespace Ntm.Fuzz.Parsers;

/// <summary>What a UPnP box answers by HTTP: its description, and answers and faults of its actions.</summary>
public sealed class BoxDocumentTarget : Target
{
    private static readonly BoxUrl s_from = new(RealAddress.FromIPv4(0xC0A8_0501, 5000), "/desc/root.xml");

    public override string Name => "box-document";

    public override string Law => "BoxDescription, SoapMessage, BoxUrl: never throw; no document type is read; a control URL is on the box itself and has no control characters";

    public override int LongestInput => 2000;

    public override IReadOnlyList<byte[]> Words =>
    [
        .. new[]
        {
            "<!DOCTYPE r [<!ENTITY a \"b\">]>", "&a;", "&amp;", "<![CDATA[", "]]>", "<service>", "</service>", "<controlURL>", "</controlURL>", "http://192.168.5.1:80/", "http://192.168.5.1@192.168.5.77/", "//x",
            "WANIPConnection:2", "<URLBase>http://192.168.5.1/</URLBase>", "<errorCode>718</errorCode>", "<NewReservedPort>65535</NewReservedPort>", "xmlns:u=\"\"", "encoding=\"utf-7\"",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFE], [0xC3], [0],
    ];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("description", """
            <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
            <controlURL>/ctl/IPConn</controlURL></service></serviceList></device></root>
            """u8.ToArray()),
        ("address", "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"s\"><s:Body><u:R xmlns:u=\"u\"><NewExternalIPAddress>203.0.113.5</NewExternalIPAddress></u:R></s:Body></s:Envelope>"u8.ToArray()),
        ("port", "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"s\"><s:Body><u:R xmlns:u=\"u\"><NewReservedPort>41641</NewReservedPort></u:R></s:Body></s:Envelope>"u8.ToArray()),
        ("fault", "<s:Envelope xmlns:s=\"s\"><s:Body><s:Fault><detail><UPnPError xmlns=\"c\"><errorCode>718</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>"u8.ToArray()),
        ("bomb", "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><r>&b;&b;</r>"u8.ToArray()),
        ("url", "http://192.168.5.1:8080/ctl?x=y#z"u8.ToArray()),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var outcome = 0;
        if (BoxDescription.TryRead(input, s_from) is { } found)
        {
            RequireOnBox(found.Control);
            Require(input.IndexOf("<!DOCTYPE"u8) < 0, "no document type is read");
            outcome = 1 + Outcome(found.ServiceType);
        }

        if (SoapMessage.TryRead(input, out var answer))
        {
            Require(answer.Error >= -1, "an error is a code or none");
            outcome += 2 + (answer.Error * 8) + (answer.Address is null ? 0 : 16) + (answer.ReservedPort == 0 ? 0 : 32);
        }

        if (BoxUrl.TryRead(Encoding.Latin1.GetString(input), s_from.Box, s_from, out var url))
        {
            RequireOnBox(url);
            outcome += 64;
        }

        return outcome;
    }

    private static void RequireOnBox(BoxUrl url)
    {
        Require(url.Box.SameHost(s_from.Box) && url.Box.Port != 0, "it is on the box");
        Require(url.Path.StartsWith('/') && url.Path.All(c => c is > ' ' and <= '~'), "it is a path");
        Require(new Uri($"http://{url.Box}{url.Path}") is { } read && read.Host == "192.168.5.1" && read.Port == url.Box.Port, "another reader finds the same box in it");
    }
}
