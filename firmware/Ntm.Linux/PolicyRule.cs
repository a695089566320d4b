using System.Net;

namespace Ntm.Linux;

/// <summary>A routing rule of ours.</summary>
/// <param name="IsIPv4">Else IPv6.</param>
/// <param name="Arrives">Only what comes in by this interface; empty: all.</param>
/// <param name="Mark">Only packets with it, in our bits; 0: all.</param>
/// <param name="Table">Where it looks up.</param>
/// <param name="SkipsDefault">A default route found there does not count.</param>
public readonly record struct PolicyRule(bool IsIPv4, uint Priority, string Arrives, uint Mark, uint Table, bool SkipsDefault);

/// <summary>A route in a table of ours.</summary>
/// <param name="Gateway">Null: on the link.</param>
/// <param name="Interface">The interface's number.</param>
public readonly record struct PolicyRoute(bool IsIPv4, uint Table, IPNetwork Destination, IPAddress? Gateway, int Interface);
