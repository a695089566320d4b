namespace Ntm.Protocol;

/// <summary>Where a core's randomness comes from: the system's in programs, a seeded one in the simulation.</summary>
public interface IEntropy
{
    void Fill(Span<byte> bytes);
}
