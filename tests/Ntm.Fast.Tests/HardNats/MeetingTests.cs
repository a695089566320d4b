using Ntm.Protocol;
using Ntm.Protocol.Nats;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.HardNats;

/// <summary>How many of a hundred trials meet, by pair of NATs, against the arithmetic; and what they cost.</summary>
public sealed class MeetingTests(ITestOutputHelper output)
{
    private const int Seeds = 100;

    [Theory]
    [InlineData(HardNat.PortRestricted, HardNat.Scattered, ProbeMeans.Search)]
    [InlineData(HardNat.PortRestricted, HardNat.Stepped, ProbeMeans.Search)]
    [InlineData(HardNat.PortRestricted, HardNat.SteppedByTwo, ProbeMeans.Search)]
    [InlineData(HardNat.PortRestricted, HardNat.Busy, ProbeMeans.Search)]
    [InlineData(HardNat.PortRestricted, HardNat.Preserving, ProbeMeans.Search)]
    [InlineData(HardNat.PortRestricted, HardNat.PortSet, ProbeMeans.Search)]
    [InlineData(HardNat.Stepped, HardNat.Stepped, ProbeMeans.Windows)]
    [InlineData(HardNat.Stepped, HardNat.SteppedByTwo, ProbeMeans.Windows)]
    [InlineData(HardNat.Stepped, HardNat.Busy, ProbeMeans.Windows)]
    [InlineData(HardNat.Busy, HardNat.Busy, ProbeMeans.Windows)]
    [InlineData(HardNat.Stepped, HardNat.Preserving, ProbeMeans.Windows)]
    [InlineData(HardNat.Busy, HardNat.Preserving, ProbeMeans.Windows)]
    [InlineData(HardNat.Preserving, HardNat.Preserving, ProbeMeans.Windows)]
    [InlineData(HardNat.Stepped, HardNat.PortSet, ProbeMeans.Windows)]
    [InlineData(HardNat.Preserving, HardNat.PortSet, ProbeMeans.Windows)]
    [InlineData(HardNat.Scattered, HardNat.Open, ProbeMeans.Search)]
    [InlineData(HardNat.Stepped, HardNat.Open, ProbeMeans.Search)]
    public void As_many_meet_as_the_arithmetic_says(string one, string other, ProbeMeans means)
    {
        foreach (var (a, b) in ((string, string)[])[(one, other), (other, one)])
        {
            var (met, datagrams, mappings, chance) = (0, 0, 0, 0.0);
            for (var seed = 1ul; seed <= Seeds; seed++)
            {
                var trial = new BareTrial(a, b, seed);
                Assert.Equal(means, trial.Plan.Means);
                chance = trial.Plan.Chance;
                met += trial.Meets() ? 1 : 0;
                datagrams += trial.Datagrams;
                mappings = Math.Max(mappings, trial.MostMappings);
            }

            output.WriteLine($"{a} - {b}: {met} of {Seeds} met, {chance:0.00} expected, {datagrams / Seeds} datagrams, {mappings} mappings at most");

            // Three standard deviations either way; a prediction may do better than it promises.
            var spread = 3 * Math.Sqrt(Seeds * chance * (1 - chance));
            Assert.InRange(met, (Seeds * chance) - spread, chance == 0.9 ? Seeds : (Seeds * chance) + spread);
            Assert.InRange(datagrams / Seeds, 1, Limits.ProbeDatagrams + (2 * Limits.ProbeSockets));
            Assert.InRange(mappings, 1, Limits.ProbeSockets + 4);
        }
    }

    [Theory]
    [InlineData(HardNat.Scattered, HardNat.Scattered, "both NATs give every destination another port without a pattern")]
    [InlineData(HardNat.PortSet, HardNat.PortSet, "both NATs give every destination another port without a pattern")]
    [InlineData(HardNat.Stepped, HardNat.Scattered, "both NATs map by destination, and one of them without a pattern")]
    [InlineData(HardNat.Preserving, HardNat.Scattered, "both NATs map by destination, and one of them without a pattern")]
    public void What_would_hardly_ever_meet_is_not_tried(string one, string other, string reason)
    {
        foreach (var plan in (ProbePlan[])[new BareTrial(one, other, 1).Plan, new BareTrial(other, one, 1).Plan])
        {
            Assert.Equal((ProbeMeans.None, reason), (plan.Means, plan.Reason));
            Assert.InRange(plan.Chance, 0, ProbePlan.LeastChance);
        }
    }

    [Theory]
    [InlineData(64_512, 64, 1024, 0.641)]
    [InlineData(64_512, 256, 1024, 0.983)]
    [InlineData(240, 30, 64, 0.9999)]
    [InlineData(240, 30, 240, 1)]
    [InlineData(100, 1, 50, 0.5)]
    [InlineData(100, 0, 100, 0)]
    public void The_chance_is_the_birthday_problems(int ports, int open, int sent, double chance) => Assert.Equal(chance, ProbePlan.Birthday(ports, open, sent), 3);
}
