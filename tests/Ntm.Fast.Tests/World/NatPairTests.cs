using Ntm.Simulation;

namespace Ntm.Fast.Tests.World;

/// <summary>Every pair of NATs: a conversation by name loses nothing, and ends up direct exactly where the NATs permit.</summary>
public sealed class NatPairTests
{
    public static TheoryData<NatKind, NatKind> Pairs()
    {
        var pairs = new TheoryData<NatKind, NatKind>();
        foreach (var a in Enum.GetValues<NatKind>())
        {
            foreach (var b in Enum.GetValues<NatKind>())
            {
                pairs.Add(a, b);
            }
        }

        return pairs;
    }

    /// <summary>
    /// A symmetric NAT's port towards the peer is known to nobody beforehand, so the other side must let in a port it never sent to. Null: a trial may find it (HardNats), two times of three.
    /// </summary>
    private static bool? Permit(NatKind a, NatKind b) => (a, b) switch
    {
        (NatKind.Symmetric, NatKind.Symmetric) => false,
        (NatKind.Symmetric, NatKind.PortRestricted) or (NatKind.PortRestricted, NatKind.Symmetric) => null,
        _ => true,
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_conversation_by_name(NatKind alices, NatKind bobs)
    {
        var homes = new TwoHomes(alices, bobs).Resolved();
        Assert.Equal(100, homes.Talk(100));
        if (Permit(alices, bobs) is not { } permits)
        {
            return;
        }

        Assert.True(permits == homes.AlicesPeer.Direct, homes.Story());
        Assert.Equal(homes.AlicesPeer.Direct, homes.Bob.Status.Peers.Single().Direct);

        var legs = homes.Zone.Relays["rs1"].Core.Describe(homes.Zone.Relays["rs1"].Host.Now).Legs;
        var before = legs.Sum(l => l.Datagrams);
        Assert.True(before > 0, "the first datagrams went through the relay");
        Assert.Equal(50, homes.Talk(50));
        var after = homes.Zone.Relays["rs1"].Core.Describe(homes.Zone.Relays["rs1"].Host.Now).Legs.Sum(l => l.Datagrams);
        Assert.True(homes.AlicesPeer.Direct ? after - before < 10 : after - before >= 100, $"{after - before} datagrams through the relay\n{homes.Story()}");
    }

    [Fact]
    public void Two_firewalls_on_IPv6_are_opened_from_both_sides_where_IPv4_has_no_hope()
    {
        var homes = new TwoHomes(NatKind.Symmetric, NatKind.Symmetric, withIPv6: true).Resolved();
        Assert.Equal(100, homes.Talk(100));
        Assert.True(homes.AlicesPeer.Direct, homes.Story());
        Assert.Contains(homes.AlicesPeer.Paths, p => p.State == "used" && !p.Path.Remote.IsIPv4);
    }

    /// <summary>Without a relay nothing makes the responder send first (docs/adr/0006-patents.md), so its own NAT must let strangers in.</summary>
    [Theory]
    [InlineData(NatKind.Symmetric, NatKind.None, true)]
    [InlineData(NatKind.PortRestricted, NatKind.EndpointIndependent, true)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted, false)]
    [InlineData(NatKind.Symmetric, NatKind.Symmetric, false)]
    public void Without_a_relay_the_responder_must_be_open(NatKind alices, NatKind bobs, bool reached)
    {
        var homes = new TwoHomes(alices, bobs, withRelay: false).Resolved();
        Assert.Equal(reached ? 50 : 0, homes.Talk(50));
        if (reached)
        {
            Assert.True(homes.AlicesPeer.Direct, homes.Story());
        }
    }
}
