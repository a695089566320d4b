using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>The one system-wide setting that a router cannot do without.</summary>
public static class Forwarding
{
    private const string IPv4 = "/proc/sys/net/ipv4/ip_forward";
    private const string IPv6 = "/proc/sys/net/ipv6/conf/all/forwarding";

    /// <summary>
    /// Switches IPv4 forwarding on where it is off, and says so. IPv6 forwarding is only looked at: switching it on changes how the uplinks take
    /// router advertisements, and that is the owner's to decide.
    /// </summary>
    public static void Ensure(bool ipv6, ILogger log)
    {
        if (!IsOn(IPv4))
        {
            try
            {
                File.WriteAllText(IPv4, "1");
                log.Information("IPv4 forwarding was off; it is on now (net.ipv4.ip_forward = 1), because this machine routes for its LAN.");
            }
            catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
            {
                log.Warning(
                    "IPv4 forwarding is off and cannot be switched on ({Reason}): devices of the LAN reach no other home. Set net.ipv4.ip_forward = 1.", denied.Message);
            }
        }

        if (ipv6 && !IsOn(IPv6))
        {
            log.Warning(
                "The LAN is configured with IPv6, but IPv6 forwarding is off. Set net.ipv6.conf.all.forwarding = 1, and accept_ra = 2 on uplinks that live on router advertisements.");
        }
    }

    private static bool IsOn(string setting)
    {
        try
        {
            return File.ReadAllText(setting).Trim() != "0";
        }
        catch (IOException)
        {
            return false;
        }
    }
}
