using System.Net;

namespace Ntm.Coordinator.Naming;

/// <summary>A coordinator's machine as the public DNS tells of it.</summary>
/// <param name="Name">Canonical host name below the zone: coordinator.home.example.</param>
/// <param name="IsNameServer">Whether it answers for the zone itself.</param>
/// <param name="Addresses">At most <see cref="Protocol.Naming.NtmRecord.EndpointsMost"/>.</param>
public sealed record ZoneHost(string Name, bool IsNameServer, IReadOnlyList<IPAddress> Addresses);
