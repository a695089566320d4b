using System.Net.Sockets;
using System.Text;

namespace Ntm.Hosting;

/// <summary>Tells systemd how the program is (sd_notify(3)): one datagram to the Unix socket that systemd names. Without systemd: nothing.</summary>
public static class Systemd
{
    public static void Ready() => Notify("READY=1");

    public static void Stopping() => Notify("STOPPING=1");

    private static void Notify(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } name)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A leading @ stands for the abstract name space.
            socket.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name));
        }
        catch (SocketException)
        {
            // Nobody listens: the service's Type is not notify.
        }
    }
}
