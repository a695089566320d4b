using System.Security.Cryptography;
using Ntm.Protocol;

namespace Ntm.Linux;

/// <summary>The system's randomness, for programs.</summary>
public sealed class SystemEntropy : IEntropy
{
    public static SystemEntropy Instance { get; } = new();

    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
}
