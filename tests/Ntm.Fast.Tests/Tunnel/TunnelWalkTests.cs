using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>
/// Random walks: both ends act, restart, sleep, lose and repeat datagrams, and an eavesdropper plays back what it recorded. Whatever happened, once the wire
/// is good again both ends must come together within the time the timers promise, and no deadline may have spun the pump (the rig looks after each step).
/// </summary>
public sealed class TunnelWalkTests
{
    public static TheoryData<TunnelKind, int> Walks
    {
        get
        {
            var walks = new TheoryData<TunnelKind, int>();
            for (var seed = 1; seed <= 5; seed++)
            {
                walks.Add(TunnelKind.Ntm, seed);
                walks.Add(TunnelKind.Stock, seed);
            }

            return walks;
        }
    }

    [Theory]
    [MemberData(nameof(Walks))]
    public void Both_ends_always_come_together_again(TunnelKind kind, int seed)
    {
        var dice = new Random(seed);
        var rig = new TunnelRig(kind, seed: (ulong)seed);
        var loss = 0;
        rig.Fate = _ => dice.Next(100) < loss ? null : TimeSpan.FromMilliseconds(dice.Next(30));
        for (var round = 0; round < 12; round++)
        {
            for (var step = 0; step < 60; step++)
            {
                Act(rig, kind, dice, ref loss);
            }

            loss = 0;
            rig.Run(1);
            var (fromA, fromB) = (rig.A.Data.Count, rig.B.Data.Count);
            for (var i = 0; i < 40; i++)
            {
                rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
                rig.B.Seal(rig.BtoA, TunnelRig.IPv4(60));
                rig.Run(1);
            }

            Assert.True(rig.AtoB.IsEstablished && rig.BtoA.IsEstablished, $"Not together after round {round}.");
            Assert.True(rig.A.Data.Count >= fromA + 15 && rig.B.Data.Count >= fromB + 15,
                $"{rig.A.Data.Count - fromA} and {rig.B.Data.Count - fromB} of 40 packets arrived after round {round}.");
            Assert.Equal(0, rig.AtoB.Staged + rig.BtoA.Staged);
            Assert.True(rig.A.Table.Receivers <= 4 && rig.B.Table.Receivers <= 4);
        }
    }

    private static void Act(TunnelRig rig, TunnelKind kind, Random dice, ref int loss)
    {
        var first = dice.Next(2) == 0;
        var (party, tunnel) = first ? (rig.A, rig.AtoB) : (rig.B, rig.BtoA);
        switch (dice.Next(12))
        {
            case 0:
                loss = dice.Next(101);
                break;
            case 1:
                party.Table.Begin(rig.Now, tunnel);
                rig.Drain();
                break;
            case 2:
                rig.Run(dice.Next(250));
                break;
            case 3 when dice.Next(4) == 0:
                Restart(rig, kind, first, dice);
                break;
            case 4 when rig.Log.Count > 0:
                // The eavesdropper, from its own address where the kind does not roam, at either end.
                var old = rig.Log[dice.Next(rig.Log.Count)];
                var to = old.From == rig.A || old.Path.Remote == rig.B.Address ? rig.B : rig.A;
                to.Take(to == rig.A ? rig.B.Path : rig.A.Path, old.Bytes);
                rig.Drain();
                break;
            case 5:
                // Asleep: nobody is woken in between.
                rig.Boot += TimeSpan.FromSeconds(dice.Next(700));
                break;
            default:
                party.Seal(tunnel, TunnelRig.IPv4(60));
                rig.Run(dice.Next(3000) / 1000.0);
                break;
        }
    }

    private static void Restart(TunnelRig rig, TunnelKind kind, bool first, Random dice)
    {
        var seed = (ulong)dice.Next();
        if (first)
        {
            rig.A = new Party(rig, rig.A.Table.Key, "192.0.2.1:4916", seed, rig.A.Table.TimestampMark);
            rig.AtoB = rig.A.Table.Add(rig.B.Public, kind);
            rig.AtoB.SendPath = rig.B.Path;
        }
        else
        {
            rig.B = new Party(rig, rig.B.Table.Key, "198.51.100.2:4916", seed, rig.B.Table.TimestampMark);
            rig.BtoA = rig.B.Table.Add(rig.A.Public, kind);
            rig.BtoA.SendPath = rig.A.Path;
        }
    }
}
