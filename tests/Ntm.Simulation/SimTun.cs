namespace Ntm.Simulation;

/// <summary>The twin of a TUN device: what the core delivered, and a way to put packets in.</summary>
public sealed class SimTun
{
    private readonly SimHost _host;

    internal SimTun(SimHost host) => _host = host;

    /// <summary>IP packets that the core delivered, oldest first.</summary>
    public List<byte[]> Delivered { get; } = [];

    /// <summary>Told of each delivered packet: the LAN behind the router.</summary>
    public Action<byte[]>? OnDelivered { get; set; }

    /// <summary>A packet that the kernel routes into the TUN.</summary>
    public void Inject(ReadOnlySpan<byte> packet) => _host.TakePacket(packet.ToArray());

    internal void Deliver(ReadOnlySpan<byte> packet)
    {
        var copy = packet.ToArray();
        Delivered.Add(copy);
        OnDelivered?.Invoke(copy);
    }
}
