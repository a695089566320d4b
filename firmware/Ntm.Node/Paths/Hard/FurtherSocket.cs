namespace Ntm.Node.Paths.Hard;

/// <summary>A further socket of an uplink that is open.</summary>
/// <param name="Number">Which (<see cref="Protocol.UplinkSocket"/>).</param>
/// <param name="Port">Its local port.</param>
public readonly record struct FurtherSocket(int Number, ushort Port);
