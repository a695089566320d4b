using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>The NTM node and router core: registration, direction, paths, device proxy.</summary>
public sealed class NodeCore : ICore
{
    /// <param name="key">The node key.</param>
    /// <param name="entropy">Randomness.</param>
    /// <param name="options">Fixed choices.</param>
    /// <param name="memory">All entries kept before (every <see cref="NodeEvent.Keep"/>), in any order.</param>
    public NodeCore(StaticKeyPair key, IEntropy entropy, NodeOptions options, IEnumerable<StoreWrite> memory) => throw new NotImplementedException();

    public void UplinkChanged(Now now, UplinkState uplink) => throw new NotImplementedException();

    /// <summary>Joins a zone; ends with <see cref="NodeEvent.JoinEnded"/>. A member of a zone cannot join another.</summary>
    /// <param name="name">The wanted node name; null: the invite's, else refused.</param>
    public void Join(Now now, string inviteCode, string? name) => throw new NotImplementedException();

    /// <summary>Wants a name resolved; ends with <see cref="NodeEvent.NameAnswered"/> within <see cref="Limits.NameAnswerDeadline"/>.</summary>
    /// <param name="name">Canonical.</param>
    public void NameWanted(Now now, long ticket, string name) => throw new NotImplementedException();

    /// <summary>The name an alias or VIP was asked for by, for PTR; null where unknown.</summary>
    public string? NameOf(System.Net.IPAddress aliasOrVip) => throw new NotImplementedException();

    public void NeighboursSeen(Now now, IReadOnlyList<Neighbour> neighbours) => throw new NotImplementedException();

    public Verdict Publish(Now now, MacAddress device, string name) => throw new NotImplementedException();

    public Verdict Unpublish(Now now, MacAddress device) => throw new NotImplementedException();

    public NodeStatus Describe(Now now) => throw new NotImplementedException();

    public bool TryTakeEvent(out NodeEvent? happened) => throw new NotImplementedException();

    public void ReceiveDatagrams(Now now, PacketBatch batch) => throw new NotImplementedException();

    public void ReceivePackets(Now now, PacketBatch batch) => throw new NotImplementedException();

    public void HandleTimeout(Now now) => throw new NotImplementedException();

    public TimeSpan NextDeadline => throw new NotImplementedException();

    public Outbox Outbox { get; } = new();
}
