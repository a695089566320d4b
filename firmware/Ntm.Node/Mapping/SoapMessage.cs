using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>The actions of a UPnP box (WANIPConnection:1 sections 2.4.16 to 2.4.19, WANIPConnection:2 section 2.5), and what it answers.</summary>
/// <param name="Address">What GetExternalIPAddress says; null: nothing.</param>
/// <param name="ReservedPort">What AddAnyPortMapping says; 0: nothing.</param>
/// <param name="Error">UPnPError's code; 0: none.</param>
internal readonly record struct SoapMessage(IPAddress? Address, ushort ReservedPort, int Error)
{
    public const string GetExternalAddress = "GetExternalIPAddress", AddPort = "AddPortMapping", AddAnyPort = "AddAnyPortMapping", DeletePort = "DeletePortMapping";

    public const int NotAuthorized = 606, NoSuchEntry = 714, Conflict = 718, SamePortsRequired = 724, PermanentLeasesOnly = 725, NoPorts = 728;

    private const string Description = "NTM Gateway";

    /// <summary>The body of a call.</summary>
    /// <param name="arguments">In the order in which the service describes them.</param>
    public static byte[] Call(string service, string action, params ReadOnlySpan<(string Name, string Value)> arguments)
    {
        var text = new StringBuilder(
            "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>");
        text.Append("<u:").Append(action).Append(" xmlns:u=\"").Append(service).Append("\">");
        foreach (var (name, value) in arguments)
        {
            text.Append('<').Append(name).Append('>').Append(value).Append("</").Append(name).Append('>');
        }

        return Encoding.ASCII.GetBytes(text.Append("</u:").Append(action).Append("></s:Body></s:Envelope>\r\n").ToString());
    }

    /// <summary>Opens a UDP port.</summary>
    public static byte[] Add(BoxDescription box, bool any, RealAddress own, ushort externalPort, uint lease) => Call(
        box.ServiceType, any ? AddAnyPort : AddPort,
        ("NewRemoteHost", ""), ("NewExternalPort", Text(externalPort)), ("NewProtocol", "UDP"), ("NewInternalPort", Text(own.Port)),
        ("NewInternalClient", own.ToIPAddress().ToString()), ("NewEnabled", "1"), ("NewPortMappingDescription", Description), ("NewLeaseDuration", Text(lease)));

    public static byte[] Delete(BoxDescription box, ushort externalPort) =>
        Call(box.ServiceType, DeletePort, ("NewRemoteHost", ""), ("NewExternalPort", Text(externalPort)), ("NewProtocol", "UDP"));

    /// <summary>Reads an answer or a fault; false for what is no such document.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SoapMessage message)
    {
        IPAddress? address = null;
        ushort port = 0;
        var error = 0;
        var body = false;
        var good = XmlFields.TryWalk(bytes, name => body |= name == "Body", (name, text) =>
        {
            switch (name)
            {
                case "NewExternalIPAddress" when IPAddress.TryParse(text, out var read) && read.AddressFamily == AddressFamily.InterNetwork && read.ToString() == text:
                    address = read;
                    break;
                case "NewReservedPort":
                    _ = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
                    break;
                case "errorCode":
                    error = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code > 0 ? code : -1;
                    break;
            }
        });
        message = good && body ? new(address, port, error) : default;
        return good && body;
    }

    /// <summary>What an error says, as a clause (WANIPConnection:1 section 2.4.16.4, :2 section 2.5.16.4).</summary>
    public static string Why(int error) => error switch
    {
        401 or 602 => "it cannot open ports",
        402 or 600 or 601 => "it does not understand the request",
        501 => "it failed to, or has no public address",
        NotAuthorized => "it does not permit it",
        Conflict => "the ports tried are another machine's",
        NoPorts => "it has no port to give",
        729 => "the port is used by the box itself",
        _ => error > 0 ? Invariant($"it refuses with code {error}") : "it refuses",
    };

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
