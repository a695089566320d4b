using Ntm.Protocol;

namespace Ntm.Node.Nat;

/// <summary>One look at a mapping.</summary>
/// <param name="LocalPort">The socket's own port.</param>
/// <param name="Server">Who was spoken to.</param>
/// <param name="Mapped">As whom it saw us.</param>
public readonly record struct NatSample(ushort LocalPort, RealAddress Server, RealAddress Mapped);
