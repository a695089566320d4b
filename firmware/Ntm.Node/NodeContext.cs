using Ntm.Protocol;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>What the parts of the node core share: its tunnels, its uplinks, its membership, its way to speak. No logic.</summary>
internal sealed class NodeContext
{
    public NodeContext(NodeOptions options, TunnelTable tunnels, IEntropy entropy)
    {
        (Options, Tunnels, Entropy) = (options, tunnels, entropy);
        Removals = new(Counters, write => Events.Enqueue(new NodeEvent.Keep(write)));
    }

    public NodeOptions Options { get; }

    public TunnelTable Tunnels { get; }

    public IEntropy Entropy { get; }

    public Counters Counters { get; } = new();

    /// <summary>Whom the owner took out of the zone.</summary>
    public Removals Removals { get; }

    /// <summary>That the owner took this node out of the zone it was in last; null: that did not happen, or it is in a zone again.</summary>
    public VouchedRemoval? OwnRemoval { get; set; }

    public Queue<NodeEvent> Events { get; } = new();

    public SortedDictionary<int, UplinkState> Uplinks { get; } = [];

    /// <summary>Null until joined.</summary>
    public Membership? Membership { get; set; }

    /// <summary>Null until joining: its framing needs the zone.</summary>
    public SignalChannel? Signals { get; set; }

    public VirtualAddress Own { get; set; }

    public PublicKey Key => Tunnels.Key.Public;

    public void Note(string sentence) => Events.Enqueue(new NodeEvent.Notice(false, sentence));

    public void Warn(string sentence) => Events.Enqueue(new NodeEvent.Notice(true, sentence));

    public void Keep(string collection, string key, byte[]? value) => Events.Enqueue(new NodeEvent.Keep(new(collection, key, value)));

    public ulong Random()
    {
        Span<byte> bytes = stackalloc byte[8];
        Entropy.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>Paths to an address that is not behind a relay: one for each usable uplink that has its family.</summary>
    public IEnumerable<WirePath> PathsTo(RealAddress address) =>
        from uplink in Uplinks.Values
        where uplink.Usable && uplink.Addresses.Any(a => a.IsIPv4 == address.IsIPv4)
        select new WirePath(uplink.Number, address, 0);
}
