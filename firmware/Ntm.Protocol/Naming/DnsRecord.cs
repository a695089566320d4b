namespace Ntm.Protocol.Naming;

/// <summary>A resource record of class IN, to be written into a reply.</summary>
/// <param name="Name">Its owner: canonical, without the trailing dot.</param>
/// <param name="Data">RDATA; names in it uncompressed.</param>
public sealed record DnsRecord(string Name, ushort Type, uint TtlSeconds, byte[] Data);
