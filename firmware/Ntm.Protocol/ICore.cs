namespace Ntm.Protocol;

/// <summary>
/// A core: node, coordinator or relay without sockets, clocks, threads, files and randomness. The pump (on Linux or in the simulation) drives it.
/// </summary>
/// <remarks>
/// Laws: single-threaded. A spurious timeout is harmless. Bytes that do not parse change nothing and are counted under a reason.
/// Peers cause refusals and counters, never exceptions; our bugs cause exceptions.
/// </remarks>
public interface ICore
{
    /// <summary>Datagrams from the wire, each with the path it came by (channel not yet read: 0). Each packet is left with its disposition.</summary>
    void ReceiveDatagrams(Now now, PacketBatch batch);

    /// <summary>What may be done on datagrams that were received before they are handed to <see cref="ReceiveDatagrams"/>; it changes nothing but their
    /// bytes, and nothing else is called before it is done. Null: nothing, the core does it all by itself.</summary>
    IBatchWork? Ahead(Now now, PacketBatch batch) => null;

    /// <summary>What is left to be done on a batch's packets after a call, before they are sent. Null or empty: nothing.</summary>
    IBatchWork? Left => null;

    /// <summary>IP packets from the TUN. Each is left with its disposition. Cores that have no TUN refuse all.</summary>
    void ReceivePackets(Now now, PacketBatch batch);

    /// <summary>Does what has become due.</summary>
    void HandleTimeout(Now now);

    /// <summary>Boot time at which <see cref="HandleTimeout"/> wants to be called at the latest; <see cref="TimeSpan.MaxValue"/>: not at all.</summary>
    TimeSpan NextDeadline { get; }

    /// <summary>What the core sends by itself; drained after each call.</summary>
    Outbox Outbox { get; }
}
