using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node.Sharing;

/// <summary>That this node may reach a device of another owner's node.</summary>
/// <param name="Offer">What the code said, without its secret.</param>
/// <param name="Acceptance">What is shown to the sharing node: that the share is our owner's.</param>
public sealed record TakenShare(ShareOffer Offer, SignedAcceptance Acceptance)
{
    /// <summary>The shared name in full.</summary>
    public string Name { get; } = ShareCode.NameOf(Offer);

    /// <summary>Wall time.</summary>
    public DateTimeOffset Expires { get; } = GivenShares.At(Offer.Expires);
}
