using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>A port that a box has opened.</summary>
/// <param name="External">Where.</param>
/// <param name="Protocol">By which protocol.</param>
/// <param name="Until">Boot time at which it ends, unless it is renewed.</param>
public sealed record OpenPort(RealAddress External, MappingProtocol Protocol, TimeSpan Until);
