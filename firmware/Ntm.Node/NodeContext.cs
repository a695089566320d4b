using System.Diagnostics.CodeAnalysis;
using Ntm.Node.Handovers;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>What the parts of the node core share: its tunnels, its uplinks, its membership, its way to speak. No logic.</summary>
internal sealed class NodeContext(NodeOptions options, TunnelTable tunnels, IEntropy entropy)
{
    private const string OtherRemovalCollection = "removal-other-zone";

    private Removals? _removals;
    private Removals? _otherRemovals;
    private FlightRecorder? _recorder;

    public NodeOptions Options { get; } = options;

    public TunnelTable Tunnels { get; } = tunnels;

    public IEntropy Entropy { get; } = entropy;

    public required Counters Counters { get; init; }

    /// <summary>Whom the owner took out of the zone.</summary>
    public Removals Removals => _removals ??= new(Counters, write => Events.Enqueue(new NodeEvent.Keep(write)));

    /// <summary>Whom owners of other zones, with whom something is shared, took out of theirs.</summary>
    public Removals OtherRemovals => _otherRemovals ??= new(Counters, write => Events.Enqueue(new NodeEvent.Keep(write)), OtherRemovalCollection);

    /// <summary>Writes down handovers.</summary>
    public FlightRecorder Recorder => _recorder ??= new(this);

    /// <summary>That the owner took this node out of the zone it was in last; null: that did not happen, or it is in a zone again.</summary>
    public VouchedRemoval? OwnRemoval { get; set; }

    public Queue<NodeEvent> Events { get; } = new();

    public SortedDictionary<int, UplinkState> Uplinks { get; } = [];

    /// <summary>Null until joined.</summary>
    public Membership? Membership { get; set; }

    /// <summary>Null until joining: its framing needs the zone.</summary>
    public SignalChannel? Signals { get; set; }

    public VirtualAddress Own { get; set; }

    public required SharingBook Sharing { get; init; }

    public PublicKey Key => Tunnels.Key.Public;

    /// <summary>Takes a name apart: of our own zone, or of a node of another that shares something with us.</summary>
    public bool TrySplit(string name, [NotNullWhen(true)] out string? zone, [NotNullWhen(true)] out string? node, out string? device)
    {
        zone = Membership?.Zone;
        return (zone is not null && NtmName.TrySplit(name, zone, out node, out device)) || Sharing.Taken.TrySplit(name, out zone, out node, out device);
    }

    public void Note(string sentence) => Events.Enqueue(new NodeEvent.Notice(false, sentence));

    public void Warn(string sentence) => Events.Enqueue(new NodeEvent.Notice(true, sentence));

    public void Keep(string collection, string key, byte[]? value) => Events.Enqueue(new NodeEvent.Keep(new(collection, key, value)));

    public ulong Random()
    {
        Span<byte> bytes = stackalloc byte[8];
        Entropy.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    // Whoever answers the uplink's DNS names the prefix: it is none by which our own LAN or the overlay would be sent to.
    private bool MayBeNat64(RealAddress remote)
    {
        var ip = remote.ToIPAddress();
        foreach (var network in Options.OwnNetworks)
        {
            if (network.Contains(ip))
            {
                return false;
            }
        }

        return Membership?.Addressing.Prefix is not { } zone || !new VirtualAddress(remote.High, remote.Low).SameZone(zone);
    }

    /// <summary>The rank of a path's own uplink.</summary>
    public int RankOf(WirePath path) => Uplinks.TryGetValue(UplinkSocket.UplinkOf(path.Uplink), out var uplink) ? uplink.Rank : 0;

    /// <summary>Whether a path's own uplink can be used.</summary>
    public bool IsUsable(WirePath path) => Uplinks.TryGetValue(UplinkSocket.UplinkOf(path.Uplink), out var uplink) && uplink.Usable;

    /// <summary>Whether a path's other end has IPv4: also behind the uplink's NAT64.</summary>
    public bool LeadsToIPv4(WirePath path) =>
        path.Remote.IsIPv4 || (Uplinks.TryGetValue(UplinkSocket.UplinkOf(path.Uplink), out var uplink) && uplink.Nat64 is { } prefix && prefix.TryExtract(path.Remote, out _));

    /// <summary>Paths to an address that is not behind a relay: one for each usable uplink that has its family, or a NAT64 towards it.</summary>
    public IEnumerable<WirePath> PathsTo(RealAddress address) =>
        from uplink in Uplinks.Values
        where uplink.Usable
        let remote = uplink.Reach(address)
        where !remote.IsNone && (remote == address || MayBeNat64(remote))
        select new WirePath(uplink.Number, remote, 0);
}
