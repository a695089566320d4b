using Ntm.Linux;
using Ntm.Node;
using ILogger = Serilog.ILogger;

namespace Ntm.Gateway.Mapping;

/// <summary>Carries the core's questions to the boxes in front of the uplinks, and what they say back to the pump's thread.</summary>
internal sealed class BoxTransport : IDisposable
{
    /// <summary>How long a program that stops waits for the boxes to close its ports.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Pump _pump;
    private readonly NodeCore _core;
    private readonly BoxSockets _sockets;
    private readonly BoxHttp _http;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BoxTransport(Pump pump, NodeCore core, IReadOnlyList<UplinkConfig> uplinks, ILogger log)
    {
        (_pump, _core) = (pump, core);
        IReadOnlyList<string> interfaces = [.. uplinks.Select(u => u.Interface)];
        _sockets = new BoxSockets(interfaces, (uplink, from, bytes) => pump.Post(now => core.MappingHeard(now, uplink, from, bytes)), log);
        _http = new BoxHttp(interfaces, (uplink, ticket, status, body) => pump.Post(now => core.MappingExchanged(now, uplink, ticket, status, body)), log);
    }

    /// <summary>On the pump's thread.</summary>
    public void Send(NodeEvent.MappingDatagram datagram) => _sockets.Send(datagram);

    /// <summary>On the pump's thread.</summary>
    public void Ask(NodeEvent.MappingExchange request) => _http.Ask(request);

    /// <summary>The core says that all ports are closed.</summary>
    public void OnReleased() => _released.TrySetResult();

    /// <summary>Has all open ports closed, as far as the boxes answer within <see cref="Patience"/>.</summary>
    public async Task ReleaseAsync()
    {
        if (_pump.Post(_core.ReleaseMappings))
        {
            await Task.WhenAny(_released.Task, Task.Delay(Patience));
        }
    }

    public void Dispose()
    {
        _sockets.Dispose();
        _http.Dispose();
    }
}
