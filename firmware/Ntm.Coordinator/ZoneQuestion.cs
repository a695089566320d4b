using Google.Protobuf;
using Ntm.Protocol.Signalling;

namespace Ntm.Coordinator;

/// <summary>A question that another zone's coordinator asks, from its coming until it is settled.</summary>
internal sealed class ZoneQuestion(Tunnel.Tunnel from, ulong number, ZoneDirectionRequest request)
{
    public Tunnel.Tunnel From { get; } = from;

    public ulong Number { get; } = number;

    public ZoneDirectionRequest Request { get; } = request;

    /// <summary>The zone's record was found to name the speaker, or not to: there is nothing more to wait for.</summary>
    public bool IsSettled { get; set; }

    /// <summary>What was promised before the node's word; null: nothing.</summary>
    public Promise? Promised { get; set; }
}

/// <summary>An answer given before the node's word.</summary>
/// <param name="Node">The asked one.</param>
/// <param name="Asker">Its key.</param>
/// <param name="Door">By which it came.</param>
/// <param name="Legs">Of which their relays were told.</param>
internal sealed record Promise(Member Node, Protocol.PublicKey Asker, ByteString Door, IReadOnlyList<PairedRelay> Legs);
