using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Fuzz;

/// <summary>What needs libraries that throw, signatures, handshakes or whole cores.</summary>
public sealed class CoreFuzzTests(ITestOutputHelper output) : FuzzRun(output)
{
    [Theory]
    [InlineData("config", 150_000)]
    [InlineData("stored-devices", 200_000)]
    [InlineData("invite", 40_000)]
    [InlineData("share-code", 30_000)]
    [InlineData("binding", 20_000)]
    [InlineData("removal", 20_000)]
    [InlineData("handshake", 15_000)]
    [InlineData("stored-node", 1_000)]
    [InlineData("stored-relay", 1_000)]
    [InlineData("stored-coordinator", 1_000)]
    [InlineData("coordinator", 200_000)]
    [InlineData("relay", 200_000)]
    [InlineData("node", 60_000)]
    public void Broken_bytes_break_no_law(string target, long executions) => Fuzz(target, executions);
}
