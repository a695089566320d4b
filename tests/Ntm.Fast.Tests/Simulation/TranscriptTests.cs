using Ntm.Protocol;
using Ntm.Simulation;

namespace Ntm.Fast.Tests.Simulation;

/// <summary>The recorded flow, and the law of the simulation: same seed, same transcript.</summary>
public sealed class TranscriptTests
{
    [Fact]
    public void The_same_seed_gives_the_same_transcript_and_another_seed_another()
    {
        var first = Run(7);
        Assert.Equal(first, Run(7));
        Assert.NotEqual(first, Run(8));
        Assert.True(first.Length > 10_000);
    }

    private static string Run(ulong seed)
    {
        var scenario = new Scenario(seed);
        var rough = new WireConditions
        {
            Latency = TimeSpan.FromMilliseconds(8), Jitter = TimeSpan.FromMilliseconds(30), Loss = 0.1, Reorder = 0.1, Duplicate = 0.1,
        };
        var server = scenario.Server("server");
        server.Start(new EchoCore());
        foreach (var (name, kind) in (IEnumerable<(string, NatKind)>)[("alice", NatKind.Symmetric), ("bob", NatKind.PortRestricted)])
        {
            var home = scenario.Home(name).Behind(kind).Over(rough).Build();
            var core = new EchoCore { Answers = false };
            home.Router.Start(core);
            var bytes = new byte[64];
            var entropy = scenario.World.Entropy.Fork(name);
            for (var i = 0; i < 200; i++)
            {
                entropy.Fill(bytes);
                home.Router.Call(_ => core.Outbox.Send(new WirePath(0, server.Uplinks[0].Addresses[0], 0), bytes));
                scenario.World.RunFor(TimeSpan.FromMilliseconds(entropy.Below(10)));
            }
        }

        scenario.World.RunFor(TimeSpan.FromSeconds(2));
        return scenario.World.Flow.Transcript();
    }

    [Fact]
    public void The_flow_prints_as_a_mermaid_sequence()
    {
        var scenario = new Scenario(1);
        var server = scenario.Server("server");
        server.Start(new EchoCore());
        var core = new EchoCore { Answers = false };
        var home = scenario.Home("alice").Behind(NatKind.PortRestricted).Build();
        home.Router.Start(core);
        var to = new WirePath(0, server.Uplinks[0].Addresses[0], 0);
        var initiation = new byte[148];
        initiation[0] = 1;
        initiation[1] = 5;
        var sealedPacket = new byte[96];
        sealedPacket[0] = 4;
        home.Router.Call(_ => core.Outbox.Send(to, initiation));
        scenario.World.RunFor(TimeSpan.FromSeconds(1));
        home.Wire.Outbound = home.Wire.Outbound with { Loss = 1 };
        home.Router.Call(_ =>
        {
            core.Outbox.Send(to, sealedPacket);
            core.Outbox.Send(to, sealedPacket);
        });
        scenario.World.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(
            """
            sequenceDiagram
                participant alice as alice
                participant server as server
                alice->>server: tunnel request, 148 bytes, channel 5
                server->>alice: tunnel request, 148 bytes, channel 5
                alice--xserver: sealed packet, 96 bytes (x2) (lost on alice@alice's home)

            """.ReplaceLineEndings("\n"),
            scenario.World.Flow.ToMermaid());
    }

    [Fact]
    public void Entropy_is_the_same_for_a_seed_for_ever_and_streams_are_independent()
    {
        var bytes = new byte[16];
        new SeededEntropy(1).Fill(bytes);
        Assert.Equal("C510C70F6DAFF2B3EA4C364796553B85", Convert.ToHexString(bytes));   // made by an independent implementation
        var a = new SeededEntropy(1).Fork("a");
        var first = a.NextWord();
        Assert.Equal(first, new SeededEntropy(1).Fork("a").NextWord());
        Assert.NotEqual(first, new SeededEntropy(1).Fork("b").NextWord());
        Assert.NotEqual(first, new SeededEntropy(2).Fork("a").NextWord());
    }
}
