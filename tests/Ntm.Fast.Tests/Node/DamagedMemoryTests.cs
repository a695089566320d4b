using Google.Protobuf;
using Ntm.Fuzz.Cores;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Node;

/// <summary>A node whose store holds damaged entries: each is counted and passed over, the rest is used.</summary>
public sealed class DamagedMemoryTests
{
    private static readonly Now s_now = new(TimeSpan.FromHours(1), Cast.Wall);

    [Theory]
    [InlineData("peer")]
    [InlineData("pin")]
    public void A_damaged_peer_is_counted_and_the_others_are_used(string collection)
    {
        var core = Load([.. NodeTarget.Memory(), new(collection, "damaged", [0xFF, 0xFF, 0xFF]), new(collection, "empty", [])]);
        var status = core.Describe(s_now);
        Assert.Equal("alice", status.Member?.NodeName);
        Assert.Equal("bob", Assert.Single(status.Peers).Name);
        Assert.True(status.Counters.GetValueOrDefault("peer-entry-unreadable") + status.Counters.GetValueOrDefault("direction-not-vouched") == 2, string.Join(", ", status.Counters));
    }

    [Fact]
    public void A_damaged_coordinator_is_counted_and_the_other_is_asked()
    {
        var own = new Server { PublicKey = ByteString.CopyFrom(Cast.Alice.Key.Public.ToArray()) };
        var core = Load(
        [
            .. NodeTarget.Memory(), new("membership", "coordinator/1", [0xFF]), new("membership", "coordinator/2", new Server { PublicKey = ByteString.CopyFrom(1, 2, 3) }.ToByteArray()),
            new("membership", "coordinator/3", own.ToByteArray()),
        ]);
        var status = core.Describe(s_now);
        Assert.Single(status.Member!.Coordinators);
        Assert.Equal(3, status.Counters["membership-entry-unreadable"]);
    }

    [Theory]
    [InlineData("binding")]
    [InlineData("owner")]
    [InlineData("coordinator/0")]
    public void A_membership_that_is_damaged_is_said_and_the_node_is_none(string key)
    {
        var core = Load(NodeTarget.Memory().Select(e => e.Key == key ? e with { Value = [0xFF, 1, 2] } : e));
        Assert.Null(core.Describe(s_now).Member);
        var said = new List<string>();
        while (core.TryTakeEvent(out var happened))
        {
            if (happened is NodeEvent.Notice { Warning: true } notice)
            {
                said.Add(notice.Sentence);
            }
        }

        Assert.Contains(said, s => s.Contains("Join again", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_kept_of_an_open_port_and_damaged_is_counted_and_passed_over()
    {
        var core = Load([.. NodeTarget.Memory(), new("uplink-mapping", "catv IPv4", [1, 2, 3]), new("uplink-mapping", "lte IPv4", [])]);
        Assert.Equal(2, core.Describe(s_now).Counters["mapping-entry-unreadable"]);
    }

    private static NodeCore Load(IEnumerable<StoreWrite> memory)
    {
        var core = new NodeCore(Cast.Alice.Key, Cast.Entropy("damaged"), NodeOptions.Default, memory);
        core.HandleTimeout(s_now);
        return core;
    }
}
