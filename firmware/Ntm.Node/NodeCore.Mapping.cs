using Ntm.Protocol;

namespace Ntm.Node;

/// <summary>What the boxes in front of the uplinks say, and the ports that they open.</summary>
public sealed partial class NodeCore
{
    /// <summary>A datagram from the box in front of an uplink: an answer to a <see cref="NodeEvent.MappingDatagram"/>, or an announcement.</summary>
    public void MappingHeard(Now now, int uplink, RealAddress from, ReadOnlySpan<byte> bytes)
    {
        Start(now);
        _mappings.Heard(now, uplink, from, bytes);
    }

    /// <summary>The end of a <see cref="NodeEvent.MappingExchange"/>.</summary>
    /// <param name="status">HTTP's; 0: there was no answer, or one that breaks a bound.</param>
    /// <param name="body">At most <see cref="Limits.MappingBodyBytes"/>.</param>
    public void MappingExchanged(Now now, int uplink, int ticket, int status, ReadOnlySpan<byte> body)
    {
        Start(now);
        _mappings.Exchanged(now, uplink, ticket, status, body);
    }

    /// <summary>Has all open ports closed: the program is about to end. Ends with <see cref="NodeEvent.MappingsReleased"/>, at once or within some seconds.</summary>
    public void ReleaseMappings(Now now)
    {
        Start(now);
        _context.Recorder.Stop(now);
        _mappings.Stop(now);
    }

    // Any may send to an open port: what no direct path was hoped for gets one.
    private void OnPortsTold(Now now)
    {
        _registration.RegisterSoon(now);
        if (_mappings.Candidates().Any())
        {
            _peers.Hope(now);
        }

        TellPeers(now);
    }
}
