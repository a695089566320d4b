using System.Text;
using Ntm.Node;

namespace Ntm.Fast.Tests.PortMapping;

/// <summary>The HTTP side of a UPnP box.</summary>
internal sealed class UpnpBox(string service)
{
    public List<string> Said { get; } = [];

    public string LastBody { get; private set; } = "";

    /// <summary>Errors that the next openings end with.</summary>
    public Queue<int> Errors { get; init; } = new();

    public string Address { get; init; } = "203.0.113.5";

    public (int Status, string Body)? Answer(NodeEvent.MappingExchange request)
    {
        if (request.Action is null)
        {
            Said.Add($"GET {request.Path}");
            return (200, Description(service));
        }

        var action = request.Action.Split('#')[1].Trim('"');
        Assert.Equal($"\"urn:schemas-upnp-org:service:{service}#{action}\"", request.Action);
        Assert.Equal("/ctl/IPConn", request.Path);
        Said.Add(action);
        LastBody = Encoding.UTF8.GetString(request.Body!);
        var port = LastBody.Split("<NewExternalPort>").ElementAtOrDefault(1)?.Split('<')[0];
        return action.StartsWith("Add", StringComparison.Ordinal) && Errors.TryDequeue(out var error) ? (500, Fault(error)) : (200, action switch
        {
            "GetExternalIPAddress" => Body($"<u:{action}Response xmlns:u=\"urn:x\"><NewExternalIPAddress>{Address}</NewExternalIPAddress></u:{action}Response>"),
            "AddAnyPortMapping" => Body($"<u:{action}Response xmlns:u=\"urn:x\"><NewReservedPort>{port}</NewReservedPort></u:{action}Response>"),
            _ => Body($"<u:{action}Response xmlns:u=\"urn:x\"></u:{action}Response>"),
        });
    }

    public static string Description(string service, string control = "/ctl/IPConn", string root = "") =>
        $"""
        <?xml version="1.0"?>
        <root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>1</minor></specVersion>{root}
        <device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><friendlyName>Box &amp; more</friendlyName>
        <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/ctl/L3F</controlURL></service></serviceList>
        <deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><deviceList><device>
        <serviceList><service><serviceType>urn:schemas-upnp-org:service:{service}</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
        <SCPDURL>/WANIPCn.xml</SCPDURL><controlURL>{control}</controlURL><eventSubURL>/evt/IPConn</eventSubURL></service></serviceList>
        </device></deviceList></device></deviceList></device></root>
        """;

    public static string Fault(int code) => Body(
        $"<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>{code}</errorCode><errorDescription>no</errorDescription></UPnPError></detail></s:Fault>");

    private static string Body(string inner) =>
        $"<?xml version=\"1.0\"?>\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>{inner}</s:Body></s:Envelope>";
}
