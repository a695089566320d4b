namespace Ntm.Uplink;

/// <summary>An uplink as the choice sees it.</summary>
/// <param name="Number">Its number; the order of numbers is the configuration's.</param>
/// <param name="Usable">Whether datagrams may go there at all.</param>
/// <param name="Metered">Whether the owner pays for what goes there.</param>
public sealed record UplinkStanding(int Number, string Name, UplinkCondition Condition, bool Usable, bool Metered);
