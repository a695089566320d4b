using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>What the operator wants of a relay.</summary>
/// <param name="Endpoints">The real addresses at which it is reached and which it announces: as others see them, at least one, at most 4.</param>
public sealed record RelayModel(IReadOnlyList<RealAddress> Endpoints)
{
    public const int MostEndpoints = 4;

    /// <summary>What is wrong with it, as a sentence; null: nothing.</summary>
    public string? Problem => Endpoints.Count is 0 or > MostEndpoints
        ? $"A relay announces 1 to {MostEndpoints} endpoints, not {Endpoints.Count}. Name the address and port at which nodes reach it: --endpoint 203.0.113.5:4916."
        : null;
}
