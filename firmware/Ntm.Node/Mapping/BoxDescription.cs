using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>What of a UPnP box opens ports: found in its description (UPnP Device Architecture 1.1 section 2.3, WANIPConnection:1 and :2, WANPPPConnection:1).</summary>
/// <param name="Control">Where its actions are called.</param>
/// <param name="ServiceType">urn:schemas-upnp-org:service:...</param>
internal sealed record BoxDescription(BoxUrl Control, string ServiceType)
{
    private const string Ip2 = "urn:schemas-upnp-org:service:WANIPConnection:2";

    /// <summary>The best first.</summary>
    private static readonly string[] s_services =
        [Ip2, "urn:schemas-upnp-org:service:WANIPConnection:1", "urn:schemas-upnp-org:service:WANPPPConnection:1"];

    /// <summary>Whether it can choose the port itself (AddAnyPortMapping, WANIPConnection:2 section 2.5.18).</summary>
    public bool ChoosesPorts => ServiceType == Ip2;

    /// <param name="bytes">The document.</param>
    /// <param name="from">Where it was.</param>
    /// <returns>Null where there is nothing in it that opens ports, or its URL leads elsewhere.</returns>
    public static BoxDescription? TryRead(ReadOnlySpan<byte> bytes, BoxUrl from)
    {
        string type = "", control = "", root = "";
        var best = s_services.Length;
        var bestControl = "";
        var good = XmlFields.TryWalk(bytes, name =>
        {
            if (name == "service")
            {
                (type, control) = ("", "");
            }
        }, (name, text) =>
        {
            switch (name)
            {
                case "serviceType":
                    type = text;
                    break;
                case "controlURL":
                    control = text;
                    break;
                case "URLBase":
                    root = text;
                    break;
                case "service":
                    var rank = Array.IndexOf(s_services, type);
                    if (rank >= 0 && rank < best && control.Length > 0)
                    {
                        (best, bestControl) = (rank, control);
                    }

                    break;
            }
        });
        if (!good || best == s_services.Length)
        {
            return null;
        }

        var relativeTo = root.Length > 0 && BoxUrl.TryRead(root, from.Box, null, out var rooted) ? rooted : from;
        return BoxUrl.TryRead(bestControl, from.Box, relativeTo, out var url) ? new(url, s_services[best]) : null;
    }
}
