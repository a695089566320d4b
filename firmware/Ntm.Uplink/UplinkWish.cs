namespace Ntm.Uplink;

/// <summary>What the owner wants of the uplinks.</summary>
/// <param name="Order">Numbers, the preferred first; those not named come after, as they are configured. Empty: as they are configured, metered ones last.</param>
/// <param name="Use">The one to be used while somebody answers there; null: whichever is best.</param>
public sealed record UplinkWish(IReadOnlyList<int> Order, int? Use)
{
    public static UplinkWish None { get; } = new([], null);
}
