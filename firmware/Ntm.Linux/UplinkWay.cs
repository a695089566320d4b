namespace Ntm.Linux;

/// <summary>What ordinary traffic needs to know of an uplink.</summary>
/// <param name="Number">Of the uplink, 0 to 7.</param>
/// <param name="Device">Its interface.</param>
/// <param name="Interface">The interface's number.</param>
/// <param name="Defaults">Its default routes, at most one of each IP family.</param>
/// <param name="Networks">Its usable addresses: what is on its link.</param>
/// <param name="Lives">Whether connections that began there stay there.</param>
public sealed record UplinkWay(int Number, string Device, int Interface, IReadOnlyList<DefaultRoute> Defaults, IReadOnlyList<LinkAddress> Networks, bool Lives);
