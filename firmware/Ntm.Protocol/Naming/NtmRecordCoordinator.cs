namespace Ntm.Protocol.Naming;

/// <summary>One coordinator of a zone, as the zone's NTM record tells.</summary>
/// <param name="Priority">1 and up; the lowest is asked first.</param>
/// <param name="Endpoints">1 to <see cref="NtmRecord.EndpointsMost"/>.</param>
public sealed record NtmRecordCoordinator(PublicKey Key, ushort Priority, IReadOnlyList<RealAddress> Endpoints);
