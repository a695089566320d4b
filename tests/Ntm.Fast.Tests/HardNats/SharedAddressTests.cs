using Ntm.Node.Paths.Hard;
using Ntm.Protocol.Nats;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>Ports of who shares an address: the same number in the middle bits of all, in many short runs (RFC 7597 section 5.1).</summary>
public sealed class SharedAddressTests
{
    /// <summary>RFC 7597's own example: PSID 0x34 of 8 bits behind an offset of 6, four ports a run; and sharing ratios from 16 to 1,024.</summary>
    [Theory]
    [InlineData(6, 8, 0x34, 4 * 63)]
    [InlineData(4, 8, 0xab, 16 * 15)]
    [InlineData(4, 4, 0x3, 256 * 15)]
    [InlineData(6, 10, 0x155, 63)]
    public void A_set_has_its_ports_and_no_others(int offset, int bits, int psid, int ports)
    {
        var low = 16 - offset - bits;
        var traits = new NatTraits { PortMask = ((1u << bits) - 1) << low, PortValue = (uint)psid << low };
        var shape = NatShape.Read(traits);
        var expected = Enumerable.Range(1, ushort.MaxValue).Where(p => p >= NatShape.PortLeast && ((p >> low) & ((1 << bits) - 1)) == psid).ToArray();
        Assert.Equal(ports, expected.Count(p => p >> (16 - offset) > 0));
        Assert.Equal(expected.Length, shape.Ports);
        Assert.True(shape.HasPortSet);
        Assert.Equal(expected, Enumerable.Range(0, shape.Ports).Select(n => (int)shape.PortAt(n)));
        Assert.All(expected, p => Assert.True(shape.Has(p)));
        Assert.False(shape.Has(expected[0] + (1 << low)));
        Assert.Equal(expected.Length, PortSample.Of(shape, int.MaxValue, 12345).Distinct().Count(p => shape.Has(p)));
    }

    [Theory]
    [InlineData(0b1010, 0b1000)] // bits apart
    [InlineData(0xff0, 0x1)] // a value outside of them
    [InlineData(0x1_0000, 0x1_0000)]
    [InlineData(0xffff, 0x0010)] // below all that is probed
    public void What_makes_no_sense_is_as_if_it_were_not_known(uint mask, uint value) =>
        Assert.Equal(NatShape.Unknown, NatShape.Read(new NatTraits { PortMask = mask, PortValue = value }));

    [Fact]
    public void The_pattern_is_told_from_six_ports_and_from_all_ports_there_is_none()
    {
        var random = new Random(7);
        var (right, wrong) = (0, 0);
        for (var i = 0; i < 1000; i++)
        {
            var psid = random.Next(256);
            var shared = Enumerable.Range(0, 6).Select(_ => (ushort)(random.Next(1, 16) << 12 | psid << 4 | random.Next(16)));
            if (PortPattern.Of(shared) is { } found && (found.Mask & 0xff0) == 0xff0 && (found.Value & 0xff0) == psid << 4)
            {
                right++;
            }

            wrong += PortPattern.Of(Enumerable.Range(0, 6).Select(_ => (ushort)random.Next(1024, 65536))) is null ? 0 : 1;
        }

        Assert.InRange(right, 980, 1000); // now and then two of six are one
        Assert.InRange(wrong, 0, 1);
    }
}
