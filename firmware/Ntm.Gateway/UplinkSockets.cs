using System.Net.Sockets;
using System.Text;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>Opens and closes the uplinks' sockets, each bound to its interface (SO_BINDTODEVICE) and on one port for both families. On the pump's thread.</summary>
internal sealed class UplinkSockets(Pump pump, NodeCore core, StoreKeeper keeper, ILogger log)
{
    /// <summary>How many free ports of IPv4 are tried for one that is free for IPv6 as well.</summary>
    private const int PairTries = 16;

    /// <summary>Datagrams that a further socket stages at once: most send two or three in their life.</summary>
    private const int FurtherBatch = 32;

    /// <exception cref="FatalException">At the start: a configured port is in use, or the privilege is missing.</exception>
    public void Open(Attachment attachment, bool starting)
    {
        attachment.Failure = null;
        var config = attachment.Config;
        try
        {
            try
            {
                OpenPair(attachment, attachment.Port);
            }
            catch (LinuxException taken) when (taken.Error == (int)Errno.AddressInUse && config.Port == 0 && attachment.Port != 0)
            {
                log.Warning("Uplink {Uplink}: its port {Port} is now used by another program; it takes another, and peers behind NAT will have to find it anew.",
                    config.Name, attachment.Port);
                OpenPair(attachment, 0);
            }
        }
        catch (LinuxException refused) when (!starting || refused.Error is (int)Errno.NoDevice)
        {
            attachment.Failure = $"its sockets cannot be opened: {refused.Message.TrimEnd('.')}";
            return;
        }
        catch (LinuxException refused) when (refused.Error == (int)Errno.AddressInUse)
        {
            throw new FatalException(ExitCode.Unavailable,
                $"UDP port {config.Port} of uplink {config.Name} is in use by another program. Find it with 'ss -ulpn', or choose another \"port\" (0: any that is free).", refused);
        }
        catch (LinuxException refused)
        {
            throw new FatalException(Fatal.Explain(refused).Code, $"Uplink {config.Name}: {refused.Message}", refused);
        }

        var port = attachment.Socket4?.Port ?? attachment.Socket6!.Port;
        if (config.Port == 0 && port != attachment.Port)
        {
            keeper.Keep(new StoreWrite(Uplinks.PortCollection, config.Name, Encoding.UTF8.GetBytes(port.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        }

        attachment.Port = port;
        log.Information("Uplink {Uplink} uses UDP port {Port} on {Interface}.", config.Name, port, config.Interface);
    }

    /// <summary>IPv4 and IPv6 on one port; IPv4 alone where the machine has no IPv6.</summary>
    private void OpenPair(Attachment attachment, ushort wanted)
    {
        for (var tries = 1; ; tries++)
        {
            var four = UdpSocket.Open(AddressFamily.InterNetwork, wanted, attachment.Number, attachment.Config.Interface, pump.Counters);
            try
            {
                attachment.Socket6 = UdpSocket.Open(AddressFamily.InterNetworkV6, four.Port, attachment.Number, attachment.Config.Interface, pump.Counters);
            }
            catch (LinuxException refused) when (refused.Error is (int)Errno.FamilyNotSupported or (int)Errno.AddressNotAvailable)
            {
                attachment.Socket6 = null;
            }
            catch (LinuxException refused) when (refused.Error == (int)Errno.AddressInUse && wanted == 0 && tries < PairTries)
            {
                four.Dispose();
                continue;
            }
            catch
            {
                four.Dispose();
                throw;
            }

            attachment.Socket4 = four;
            ApplyRuns(attachment);
            ApplyDrill(attachment);
            pump.AddSocket(four);
            if (attachment.Socket6 is { } six)
            {
                pump.AddSocket(six);
            }

            return;
        }
    }

    /// <returns>Its port; 0: it cannot be had.</returns>
    public ushort OpenFurther(Attachment attachment, NodeEvent.Socket wanted)
    {
        if (attachment.Index is null)
        {
            return 0;
        }

        try
        {
            var socket = UdpSocket.Open(
                wanted.IPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, 0, wanted.Number, attachment.Config.Interface, pump.Counters, FurtherBatch);
            socket.SendsRuns = wanted.IPv4 ? !attachment.Singly4 : !attachment.Singly6;
            attachment.Drill?.Apply(socket);
            attachment.Further.Add((wanted.Number, wanted.IPv4), socket);
            pump.AddSocket(socket);
            return socket.Port;
        }
        catch (LinuxException refused)
        {
            log.Debug("Uplink {Uplink}: a further socket cannot be opened: {Reason}", attachment.Config.Name, refused.Message);
            return 0;
        }
    }

    public static void ApplyRuns(Attachment attachment)
    {
        attachment.Socket4?.SendsRuns = !attachment.Singly4;
        attachment.Socket6?.SendsRuns = !attachment.Singly6;
        foreach (var ((_, ipv4), socket) in attachment.Further)
        {
            socket.SendsRuns = ipv4 ? !attachment.Singly4 : !attachment.Singly6;
        }
    }

    /// <summary>Has its sockets discard, or do so no more.</summary>
    public static void ApplyDrill(Attachment attachment)
    {
        foreach (var socket in (UdpSocket?[])[attachment.Socket4, attachment.Socket6, .. attachment.Further.Values])
        {
            if (socket is not null)
            {
                (attachment.Drill ?? UplinkDrill.None).Apply(socket);
            }
        }
    }

    public void Close(Now now, Attachment attachment)
    {
        foreach (var socket in (UdpSocket?[])[attachment.Socket4, attachment.Socket6])
        {
            if (socket is not null)
            {
                pump.RemoveSocket(socket);
            }
        }

        foreach (var ((number, ipv4), socket) in attachment.Further.ToArray())
        {
            attachment.Further.Remove((number, ipv4));
            pump.RemoveSocket(socket);
            core.SocketOpened(now, number, ipv4, 0);
        }

        (attachment.Socket4, attachment.Socket6, attachment.Failure) = (null, null, null);
    }

    /// <summary>errno values that mean something here (asm-generic/errno.h).</summary>
    private enum Errno
    {
        NoDevice = 19,
        FamilyNotSupported = 97,
        AddressInUse = 98,
        AddressNotAvailable = 99,
    }
}
