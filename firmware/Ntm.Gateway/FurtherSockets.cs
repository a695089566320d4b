using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Node.Paths.Hard;
using Ntm.Protocol;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway;

/// <summary>
/// One uplink's further IPv4 sockets, which the core wants to meet a hard NAT (docs/protocol.md section 5): bound to the uplink's interface, on any free ports. Lives on
/// the pump's thread.
/// </summary>
/// <param name="uplink">Its number.</param>
internal sealed class FurtherSockets(Pump pump, int uplink, string device, ILogger log)
{
    /// <summary>Datagrams staged at once: most of these sockets send two in their life.</summary>
    private const int Batch = 32;

    private readonly SortedDictionary<int, UdpSocket> _open = [];

    public IReadOnlyList<FurtherSocket> Open => [.. _open.Select(s => new FurtherSocket(s.Key, s.Value.Port))];

    /// <summary>Opens what is missing and closes what is not wanted. What cannot be opened is left out.</summary>
    public void Set(IReadOnlyList<int> numbers, bool sendsRuns)
    {
        foreach (var gone in _open.Keys.Except(numbers).ToArray())
        {
            pump.RemoveSocket(_open[gone]);
            _open.Remove(gone);
        }

        foreach (var number in numbers.Where(n => !_open.ContainsKey(n)))
        {
            try
            {
                var socket = UdpSocket.Open(AddressFamily.InterNetwork, 0, UplinkSocket.Of(uplink, number), device, pump.Counters, Batch);
                socket.SendsRuns = sendsRuns;
                _open.Add(number, socket);
                pump.AddSocket(socket);
            }
            catch (LinuxException refused)
            {
                // The next would fail just so: no descriptors are left, or the interface went.
                log.Warning("No more than {Count} further sockets could be opened on {Interface}: {Reason}", _open.Count, device, refused.Message);
                return;
            }
        }
    }

    public void SetRuns(bool sendsRuns)
    {
        foreach (var socket in _open.Values)
        {
            socket.SendsRuns = sendsRuns;
        }
    }
}
