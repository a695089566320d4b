using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>The suite follows from what both ends have, and what they were told of each other is part of the handshake (docs/protocol.md section 1).</summary>
public sealed class SuiteTests
{
    private static readonly CipherSuites Unknown = new(0x8000_0020);

    public static TheoryData<uint, uint> Pairs()
    {
        uint[] all = [0, CipherSuites.Aes256Gcm.Bits, Unknown.Bits, Unknown.Bits | CipherSuites.Aes256Gcm.Bits];
        var pairs = new TheoryData<uint, uint>();
        foreach (var a in all)
        {
            foreach (var b in all)
            {
                pairs.Add(a, b);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Two_ends_that_know_each_other_seal_by_the_best_that_both_have(uint a, uint b)
    {
        foreach (var aBegins in new[] { true, false })
        {
            var rig = Rig(new(a), new(b), new(b), new(a));
            var (party, tunnel) = aBegins ? (rig.A, rig.AtoB) : (rig.B, rig.BtoA);
            party.Table.Begin(rig.Now, tunnel);
            rig.Run(1);
            var expected = ((a & b) & CipherSuites.Aes256Gcm.Bits) != 0 ? CipherSuite.Aes256Gcm : CipherSuite.ChaCha20Poly1305;
            Assert.Equal(expected, rig.AtoB.Suite);
            Assert.Equal(expected, rig.BtoA.Suite);
            rig.A.Seal(rig.AtoB, TunnelRig.IPv4(1400));
            rig.B.Seal(rig.BtoA, TunnelRig.IPv6(60));
            rig.Run(1);
            Assert.Equal(TunnelRig.IPv4(1400), Assert.Single(rig.B.Data));
            Assert.Equal(TunnelRig.IPv6(60), Assert.Single(rig.A.Data));
            Assert.Empty(rig.A.Table.Counters.All);
            Assert.Empty(rig.B.Table.Counters.All);
        }
    }

    [Theory]
    [InlineData(4, 4, 0, 0)] // both are told that the other has less: the downgrade
    [InlineData(4, 4, 0, 4)]
    [InlineData(4, 4, 4, 0)]
    [InlineData(4, 0, 4, 4)] // one is told that the other has more
    [InlineData(4, 4, 4, 12)] // a bit that means nothing here
    public void Ends_that_were_told_something_else_get_no_key(uint a, uint b, uint aHears, uint bHears)
    {
        foreach (var aBegins in new[] { true, false })
        {
            var rig = Rig(new(a), new(b), new(aHears), new(bHears));
            var (party, tunnel) = aBegins ? (rig.A, rig.AtoB) : (rig.B, rig.BtoA);
            party.Table.Begin(rig.Now, tunnel);
            rig.Run(20);
            Assert.False(rig.AtoB.IsEstablished || rig.BtoA.IsEstablished);
            Assert.True(party.Table.Counters[TunnelRefusals.Forged] > 0);
            Assert.Contains(party.Changes, c => c.Change == TunnelChange.ResponseRefused);
        }
    }

    [Fact]
    public void Without_suites_a_response_that_does_not_authenticate_is_only_counted()
    {
        var rig = new TunnelRig();
        rig.A.Table.Remove(rig.AtoB);
        rig.AtoB = rig.A.Table.Add(rig.B.Public, TunnelKind.Ntm, Enumerable.Repeat((byte)1, 32).ToArray());
        rig.AtoB.SendPath = rig.B.Path;
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(1);
        Assert.True(rig.A.Table.Counters[TunnelRefusals.Forged] > 0);
        Assert.DoesNotContain(rig.A.Changes, c => c.Change == TunnelChange.ResponseRefused);
    }

    [Fact]
    public void Other_suites_count_from_the_next_handshake_on()
    {
        var rig = Rig(CipherSuites.Aes256Gcm, CipherSuites.Aes256Gcm, CipherSuites.Aes256Gcm, CipherSuites.Aes256Gcm).Established();
        rig.AtoB.Suites = new(CipherSuites.None, CipherSuites.Aes256Gcm);
        rig.BtoA.Suites = new(CipherSuites.Aes256Gcm, CipherSuites.None);
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(100));
        rig.Run(1);
        Assert.Single(rig.B.Data);
        Assert.Equal(CipherSuite.Aes256Gcm, rig.AtoB.Suite);
        rig.Run(10);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(1);
        Assert.Equal(CipherSuite.ChaCha20Poly1305, rig.AtoB.Suite);
        Assert.Equal(CipherSuite.ChaCha20Poly1305, rig.BtoA.Suite);
        rig.B.Seal(rig.BtoA, TunnelRig.IPv4(200));
        rig.Run(1);
        Assert.Equal(TunnelRig.IPv4(200), Assert.Single(rig.A.Data));
    }

    private static TunnelRig Rig(CipherSuites a, CipherSuites b, CipherSuites aHears, CipherSuites bHears)
    {
        var rig = new TunnelRig();
        rig.AtoB.Suites = new(a, aHears);
        rig.BtoA.Suites = new(b, bHears);
        return rig;
    }
}
