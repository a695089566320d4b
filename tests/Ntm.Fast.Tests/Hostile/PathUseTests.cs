using Ntm.Fuzz.Cores;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>A peer that says a thousand times a second that it lost its path.</summary>
[Collection(AloneCollection.Name)]
public sealed class PathUseTests
{
    [Fact]
    public void One_word_a_second_counts_and_little_is_sent_for_it()
    {
        var (core, stage) = NodeMemoryTests.Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        var sent = 0;
        stage.OnSent = (_, _) => sent++;
        for (var i = 1u; i <= 3000; i++)
        {
            bob.Ask(stage.Now, new Signal { PathUse = new() { Generation = i, Lost = true, Relayed = i % 2 == 0 } });
            stage.Exchange();
            stage.Pass(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(core.Describe(stage.Now).Counters["path-use-too-often"], 2990, 2999);
        Assert.InRange(sent, 0, 200);
    }
}
