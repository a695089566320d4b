using Google.Protobuf;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Node.Sharing;

/// <summary>
/// What one peer may begin here (docs/protocol.md section 7). A node of the same owner: what is published, on the ports it is published with. Another
/// owner's: of that, what is shared with its owner, on the share's ports, until the share expires or is taken back.
/// </summary>
public sealed class PeerAccess
{
    private readonly GivenShares? _given;
    private readonly string _zone;
    private readonly ByteString _ownerKey;
    private IReadOnlyList<GivenShare> _shares = [];
    private long _generation = -1;

    private PeerAccess(GivenShares? given, string zone, ByteString ownerKey) => (_given, _zone, _ownerKey) = (given, zone, ownerKey);

    /// <summary>A node of this node's owner.</summary>
    public static PeerAccess SameOwner { get; } = new(null, "", ByteString.Empty);

    /// <summary>A node of another owner.</summary>
    public static PeerAccess OtherOwner(GivenShares given, string zone, ByteString ownerKey) => new(given, zone, ownerKey);

    /// <summary>Whether its owner has anything here that lasts.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    public bool HasShare(DateTimeOffset at) => Shares.Any(s => s.Expires > at);

    /// <summary>Whether one of its owner's shares is of this number.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    public bool HasShareOf(uint number, DateTimeOffset at) => Shares.Any(s => s.Number == number && s.Expires > at);

    /// <summary>Whether it may begin, and go on with, a flow to one of our numbers. Echo requests pass wherever any port does.</summary>
    /// <param name="at">The time by <see cref="GrantClock"/>.</param>
    /// <param name="number">0: the node itself.</param>
    /// <param name="published">What of that number is published; null: nothing.</param>
    public bool Permits(DateTimeOffset at, ushort number, PortSet? published, byte protocol, ushort port)
    {
        if (published is null || !Covers(published, protocol, port))
        {
            return false;
        }

        if (_given is null)
        {
            return true;
        }

        var shares = Shares;
        for (var i = 0; i < shares.Count; i++)
        {
            if (shares[i].Number == (number & Limits.DeviceNumberLast) && shares[i].Expires > at && Covers(shares[i].Ports, protocol, port))
            {
                return true;
            }
        }

        return false;
    }

    private IReadOnlyList<GivenShare> Shares
    {
        get
        {
            if (_given is not null && _generation != _given.Generation)
            {
                (_shares, _generation) = (_given.Of(_zone, _ownerKey), _given.Generation);
            }

            return _shares;
        }
    }

    private static bool Covers(PortSet ports, byte protocol, ushort port) => protocol is not (PortSet.Tcp or PortSet.Udp) || ports.Contains(protocol, port);
}
