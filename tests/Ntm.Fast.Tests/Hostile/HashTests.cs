using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>Peers choose addresses and, by their keys, virtual addresses: nobody shall know which of them collide in a table.</summary>
public sealed class HashTests
{
    // One half undoes in the runtime's own hash of 64 bits what the other does.
    private static readonly ulong[] s_halves = [.. Enumerable.Range(1, 1000).Select(n => ((ulong)n << 32) | (uint)n)];

    [Fact]
    public void Real_addresses_do_not_collide_by_choice() =>
        Assert.True(s_halves.Select(half => new RealAddress(0x2001_0DB8_0000_0000, half, 1).GetHashCode()).Distinct().Count() > 900);

    [Fact]
    public void Addresses_in_the_lan_do_not_collide_by_choice() =>
        Assert.True(s_halves.Select(half => new LanAddress(0x2001_0DB8_0000_0000, half).GetHashCode()).Distinct().Count() > 900);

    [Fact]
    public void Flows_do_not_collide_by_choice() =>
        Assert.True(s_halves.Select(half => new FlowKey(new(0xFD00_0000_0000_0000, half), 1, 2, 3, 17).GetHashCode()).Distinct().Count() > 900);

    [Fact]
    public void Virtual_addresses_do_not_collide_by_choice() =>
        Assert.True(s_halves.Select(half => new VirtualAddress(0xFD00_0000_0000_0000, half).GetHashCode()).Distinct().Count() > 900);
}
