using Ntm.Protocol.Naming;

namespace Ntm.Hosting;

/// <summary>Asks a resolver one question. Never throws but for <see cref="OperationCanceledException"/>.</summary>
public delegate Task<ResolverAnswer> ResolverAsking(string name, ushort type, CancellationToken stop);

/// <param name="Response">Null: nobody answered.</param>
/// <param name="Reason">A sentence on who was asked, and what happened.</param>
public sealed record ResolverAnswer(DnsResponse? Response, string Reason);
