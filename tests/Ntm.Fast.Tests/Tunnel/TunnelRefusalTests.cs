using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>Bad input: it is counted, it changes nothing, it costs little. And the door under load.</summary>
public sealed class TunnelRefusalTests
{
    private static readonly WirePath Elsewhere = new(0, RealAddress.FromIPv4(0xCB007142, 6), 0);

    [Fact]
    public void Every_truncation_and_extension_of_every_message_is_refused()
    {
        foreach (var message in Messages(out var rig))
        {
            for (var length = 0; length <= message.Length + 40; length++)
            {
                if (length != message.Length)
                {
                    var bytes = new byte[length];
                    message.AsSpan(0, Math.Min(length, message.Length)).CopyTo(bytes);
                    Assert.Equal(OpenVerdict.Refused, rig.B.Take(Elsewhere, bytes));
                    Assert.Equal(OpenVerdict.Refused, rig.A.Take(Elsewhere, bytes));
                }
            }
        }
    }

    [Fact]
    public void A_flipped_bit_in_any_byte_of_any_message_is_refused_and_the_message_itself_still_taken()
    {
        var rig = new TunnelRig { Fate = _ => null };
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Drain();
        var initiation = rig.Log[^1].Bytes;
        RefusedWhereFlipped(rig, rig.B, initiation, TunnelMessage.InitiationSize - TunnelMessage.MacSize);
        Assert.Equal(0, rig.B.Table.Receivers);
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Response));

        Assert.Equal(OpenVerdict.Handshake, rig.B.Take(rig.A.Path, initiation));
        rig.Drain();
        var response = rig.Log[^1].Bytes;
        RefusedWhereFlipped(rig, rig.A, response, TunnelMessage.ResponseSize - TunnelMessage.MacSize);
        Assert.Equal(OpenVerdict.Handshake, rig.A.Take(rig.B.Path, response));
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        var transport = rig.Log[^1].Bytes;
        RefusedWhereFlipped(rig, rig.B, transport, transport.Length);
        Assert.False(rig.BtoA.IsEstablished);
        Assert.Null(rig.BtoA.LastReceived);
        Assert.Equal(OpenVerdict.Data, rig.B.Take(rig.A.Path, transport));
        Assert.True(rig.BtoA.IsEstablished);
    }

    [Fact]
    public void Random_datagrams_change_nothing()
    {
        var rig = new TunnelRig().Established();
        var dice = new SeededEntropy(99);
        var die = new byte[4];
        var before = rig.Log.Count;
        var deadline = rig.B.Table.NextDeadline;
        int[] lengths = [148, 92, 64, 32, 48, 1500, 0, 1, 3, 4, 31, 2048 - Limits.PacketHeadroom];
        for (var i = 0; i < 30_000; i++)
        {
            dice.Fill(die);
            var bytes = new byte[lengths[die[0] % lengths.Length]];
            dice.Fill(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = (byte)(die[1] % 6);
            }

            if (bytes.Length >= 8 && die[2] < 40)
            {
                // Our own index in all places where one may stand.
                BitConverter.TryWriteBytes(bytes.AsSpan(4), rig.BtoA.Current!.LocalIndex);
            }

            if (bytes.Length >= 12 && die[2] is >= 40 and < 80)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(8), rig.BtoA.Current!.LocalIndex);
            }

            Assert.Equal(OpenVerdict.Refused, rig.B.Take(Elsewhere, bytes));
        }

        rig.Drain();
        Assert.Equal(before, rig.Log.Count);
        Assert.Equal(deadline, rig.B.Table.NextDeadline);
        Assert.Equal(30_000, rig.B.Table.Counters.All.Values.Sum());
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60));
        rig.Run(1);
        Assert.Single(rig.B.Data);
    }

    [Fact]
    public void Each_refusal_has_its_reason()
    {
        var rig = new TunnelRig().Established();
        var (initiation, response, transport) = (rig.Log[0].Bytes, rig.Log[1].Bytes, rig.Log[2].Bytes);
        rig.Run(6);
        Refused(rig.B, transport[..31], TunnelRefusals.Malformed);
        Refused(rig.B, transport, TunnelRefusals.Replayed);
        Refused(rig.A, transport, TunnelRefusals.UnknownReceiver);
        Refused(rig.A, initiation, TunnelRefusals.BadMac1);
        Refused(rig.B, initiation, TunnelRefusals.ReplayedInitiation);
        Refused(rig.A, response, TunnelRefusals.LateResponse);
        rig.Run(600);
        Refused(rig.A, response, TunnelRefusals.UnknownReceiver);

        Refused(rig.A, new byte[64].With(0, 3), TunnelRefusals.UnknownReceiver);
    }

    [Fact]
    public void Initiations_closer_than_20_ms_are_a_flood()
    {
        var rig = new TunnelRig { Fate = _ => null };
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(6);
        var sent = rig.Of(rig.A, TunnelMessage.Initiation);
        Assert.Equal(OpenVerdict.Handshake, rig.B.Take(rig.A.Path, sent[0].Bytes));
        Refused(rig.B, sent[^1].Bytes, TunnelRefusals.InitiationFlood);
        rig.Boot += Limits.InitiationSpacing;
        Assert.Equal(OpenVerdict.Handshake, rig.B.Take(rig.A.Path, sent[^1].Bytes));
    }

    [Fact]
    public void What_is_inside_must_be_ip_and_no_longer_than_it_is()
    {
        var rig = new TunnelRig().Established();
        byte[][] bad =
        [
            [0x45], TunnelRig.IPv4(60).With(2, 0xff), TunnelRig.IPv4(60).With(3, 19), TunnelRig.IPv4(60).With(0, 0x15), TunnelRig.IPv6(60).With(4, 1),
            TunnelRig.IPv6(40)[..16], new byte[16], TunnelRig.IPv4(60).With(0, 0xff), TunnelRig.IPv4(20).With(3, 33),
        ];
        foreach (var inner in bad)
        {
            rig.A.Seal(rig.AtoB, inner);
        }

        rig.Run(1);
        Assert.Empty(rig.B.Data);
        Assert.Equal(bad.Length, rig.B.Table.Counters[TunnelRefusals.InnerMalformed]);

        // Shorter than what is there is padding, whoever made it.
        rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60).With(3, 21));
        rig.Run(1);
        Assert.Equal(21, Assert.Single(rig.B.Data).Length);
    }

    [Fact]
    public void What_does_not_fit_or_has_no_path_is_dropped_and_counted()
    {
        var rig = new TunnelRig().Established();
        var most = Limits.PacketCapacity - Limits.PacketHeadroom;
        Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(most)));
        Assert.Equal(Disposition.ToWire, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(most - 16)));
        Assert.True(rig.A.Table.SendOn(rig.Now, rig.AtoB, TunnelRig.IPv4(most), rig.B.Path));
        Assert.Equal(2, rig.A.Table.Counters[TunnelRefusals.Oversized]);
        rig.AtoB.SendPath = default;
        Assert.Equal(Disposition.Drop, rig.A.Seal(rig.AtoB, TunnelRig.IPv4(60)));
        Assert.Equal(1, rig.A.Table.Counters[TunnelRefusals.NoPath]);
    }

    [Fact]
    public void Under_load_a_cookie_is_asked_for_and_shows_the_way_in()
    {
        var rig = new TunnelRig();
        Load(rig, rig.B);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.1);
        Assert.Equal(1, rig.B.Table.Counters[TunnelRefusals.UnderLoad]);
        Assert.Single(rig.Of(rig.B, TunnelMessage.CookieReply));
        Assert.Empty(rig.Of(rig.B, TunnelMessage.Response));

        // The next copy has mac2 and is answered while the load goes on.
        rig.Run(0.2);
        Assert.Single(rig.Of(rig.B, TunnelMessage.Response));
        Assert.True(rig.BtoA.IsEstablished);
        var copies = rig.Of(rig.A, TunnelMessage.Initiation);
        Assert.Equal(copies[0].Bytes[..132], copies[1].Bytes[..132]);
        Assert.NotEqual(copies[0].Bytes[132..], copies[1].Bytes[132..]);
        Assert.Equal(new byte[16], copies[0].Bytes[132..]);
    }

    [Fact]
    public void Under_load_an_initiator_asks_the_responder_for_a_cookie_too()
    {
        var rig = new TunnelRig();
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        Load(rig, rig.A);
        rig.Run(0.1);
        Assert.Single(rig.Of(rig.A, TunnelMessage.CookieReply));
        Assert.False(rig.AtoB.IsEstablished);
        rig.Run(0.4);
        Assert.True(rig.AtoB.IsEstablished);
        var responses = rig.Of(rig.B, TunnelMessage.Response);
        Assert.Equal(responses[0].Bytes[..76], responses[1].Bytes[..76]);
        Assert.NotEqual(new byte[16], responses[1].Bytes[76..]);
    }

    [Fact]
    public void A_cookie_is_good_for_its_path_alone_and_each_channel_is_a_source()
    {
        var rig = new TunnelRig();
        rig.AtoB.SendPath = rig.B.Path with { Channel = 5 };
        Load(rig, rig.B);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.3);
        var good = rig.Of(rig.A, TunnelMessage.Initiation)[1].Bytes;
        Assert.Single(rig.Of(rig.B, TunnelMessage.Response));

        // The same party again (same seed, so the same secret), as it was before it took this.
        var again = new TunnelRig();
        Load(again, again.B);
        again.B.Take(Elsewhere, good);
        Assert.Equal(1, again.B.Table.Counters[TunnelRefusals.UnderLoad]);
        var elsewhere = (byte[])good.Clone();
        TunnelMessage.WriteChannel(elsewhere, 6);
        again.B.Take(again.A.Path, elsewhere);
        Assert.Equal(2, again.B.Table.Counters[TunnelRefusals.UnderLoad]);
        Assert.Equal(OpenVerdict.Handshake, again.B.Take(again.A.Path, good));
    }

    [Fact]
    public void A_cookie_reply_that_nobody_asked_for_or_that_is_forged_is_refused()
    {
        var rig = new TunnelRig();
        Load(rig, rig.B);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Fate = sent => sent.From == rig.B ? null : TimeSpan.Zero;
        rig.Run(0.1);
        var reply = rig.Of(rig.B, TunnelMessage.CookieReply)[0].Bytes;
        RefusedWhereFlipped(rig, rig.A, reply, reply.Length);
        Assert.Equal(OpenVerdict.Handshake, rig.A.Take(rig.B.Path, reply));
        rig.Run(100);
        Refused(rig.A, reply, TunnelRefusals.UnknownReceiver);
    }

    [Fact]
    public void A_source_that_goes_on_and_on_under_load_is_limited_but_others_are_not()
    {
        // Twelve unknown keys behind one address, against one behind another.
        var rig = new TunnelRig();
        Load(rig, rig.B);
        var entropy = new SeededEntropy(5);
        for (var i = 0; i < 12; i++)
        {
            var outbox = new Outbox();
            var table = new TunnelTable(StaticKeyPair.Generate(entropy), entropy, outbox);
            var tunnel = table.Add(rig.B.Public, TunnelKind.Ntm);
            tunnel.SendPath = rig.B.Path;
            table.Begin(rig.Now, tunnel);
            Assert.True(outbox.TryTakeDatagram(out _, out var first));
            rig.B.Take(Elsewhere, first);
            Assert.True(rig.B.Outbox.TryTakeDatagram(out _, out var cookie));
            var packet = new Packet();
            packet.Fill(cookie);
            packet.Path = rig.B.Path;
            Assert.Equal(OpenVerdict.Handshake, table.Open(rig.Now, packet, out _));
            table.HandleTimeout(new Now(rig.Boot + TunnelRig.Seconds(0.25), rig.Now.Wall));
            Assert.True(outbox.TryTakeDatagram(out _, out var second));
            rig.B.Take(Elsewhere, second);
        }

        Assert.Equal(Limits.HandshakeBurstPerSource, rig.B.Table.Counters[TunnelRefusals.UnknownPeer]);
        Assert.Equal(12 - Limits.HandshakeBurstPerSource, rig.B.Table.Counters[TunnelRefusals.SourceLimit]);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.5);
        Assert.True(rig.AtoB.IsEstablished);
    }

    [Fact]
    public void Load_ends_a_second_after_the_last_excess()
    {
        var rig = new TunnelRig();
        Load(rig, rig.B);
        rig.Run(3);
        rig.A.Table.Begin(rig.Now, rig.AtoB);
        rig.Run(0.1);
        Assert.True(rig.AtoB.IsEstablished);
        Assert.Equal(0, rig.B.Table.Counters[TunnelRefusals.UnderLoad]);
    }

    [Fact]
    public void A_thousand_tunnels_that_begin_at_once_all_stand_within_seconds()
    {
        // One party against a thousand: the coordinator after a power cut. It is loaded, and cookies let all in.
        var rig = new TunnelRig();
        var entropy = new SeededEntropy(5);
        var nodes = new List<(TunnelTable Table, Outbox Outbox, Tunnel.Tunnel Tunnel, WirePath Path)>();
        rig.B.Table.OnUnknownPeer = (_, key, _) => rig.B.Table.Add(key, TunnelKind.Ntm);
        for (uint i = 0; i < 1000; i++)
        {
            var outbox = new Outbox();
            var table = new TunnelTable(StaticKeyPair.Generate(entropy), entropy, outbox);
            var tunnel = table.Add(rig.B.Public, TunnelKind.Ntm);
            tunnel.SendPath = rig.B.Path;
            table.Begin(rig.Now, tunnel);
            nodes.Add((table, outbox, tunnel, new WirePath(0, RealAddress.FromIPv4(0xCB007100 + (i / 250), (ushort)(1000 + i)), 0)));
        }

        var byPath = nodes.ToDictionary(n => n.Path);
        var packet = new Packet();
        for (var round = 0; round < 40 && !nodes.TrueForAll(n => n.Tunnel.IsEstablished); round++)
        {
            foreach (var node in nodes)
            {
                node.Table.HandleTimeout(rig.Now);
                while (node.Outbox.TryTakeDatagram(out _, out var bytes))
                {
                    rig.B.Take(node.Path, bytes);
                }
            }

            rig.B.Table.HandleTimeout(rig.Now);
            while (rig.B.Outbox.TryTakeDatagram(out var path, out var bytes))
            {
                packet.Fill(bytes);
                packet.Path = rig.B.Path;
                byPath[path].Table.Open(rig.Now, packet, out _);
            }

            rig.Boot += TunnelRig.Seconds(0.125);
        }

        Assert.True(nodes.TrueForAll(n => n.Tunnel.IsEstablished));
        Assert.True(rig.B.Table.Counters[TunnelRefusals.UnderLoad] > 0);
        Assert.True(rig.B.Table.Receivers <= 4 * 1001);
    }

    private static void Load(TunnelRig rig, Party party)
    {
        // Good mac1, nonsense otherwise: anybody who knows the public key can make these. Admitted ones fail to decrypt.
        var key = Cookies.LabelledKey("mac1----"u8, party.Public);
        var junk = new byte[TunnelMessage.InitiationSize];
        junk[0] = TunnelMessage.Initiation;
        for (var i = 0; i <= Limits.HandshakesPerSecondBeforeLoad; i++)
        {
            junk[50] = (byte)i;
            junk[51] = (byte)(i >> 8);
            junk[20] = 9;
            Cookies.WriteMac1(key, junk, TunnelMessage.InitiationMac1);
            party.Take(Elsewhere with { Channel = 1 }, junk);
        }

        Assert.True(party.Outbox.Count > 0);
        while (party.Outbox.TryTakeDatagram(out _, out var bytes))
        {
            if (bytes[0] == TunnelMessage.Initiation)
            {
                rig.Put(party, party == rig.A ? rig.B.Path : rig.A.Path, bytes);
            }
        }

        foreach (var reason in (string[])[TunnelRefusals.UnderLoad, TunnelRefusals.Forged])
        {
            party.Table.Counters.Count(reason, -party.Table.Counters[reason]);
        }
    }

    private static List<byte[]> Messages(out TunnelRig rig)
    {
        rig = new TunnelRig().Established();
        var messages = rig.Log.ConvertAll(s => s.Bytes);
        messages.Add(new byte[TunnelMessage.CookieReplySize].With(0, TunnelMessage.CookieReply));
        return messages;
    }

    private static void Refused(Party party, byte[] bytes, string reason)
    {
        var before = party.Table.Counters[reason];
        Assert.Equal(OpenVerdict.Refused, party.Take(Elsewhere, bytes));
        Assert.Equal(before + 1, party.Table.Counters[reason]);
    }

    // The reserved bytes are the relay channel, which is not authenticated; so are mac2's where there is no load.
    private static void RefusedWhereFlipped(TunnelRig rig, Party party, byte[] message, int until)
    {
        for (var i = 0; i < until; i++)
        {
            if (i is >= 1 and < 4)
            {
                continue;
            }

            var bad = (byte[])message.Clone();
            bad[i] ^= 0x20;
            rig.Boot += TimeSpan.FromMilliseconds(6);
            Assert.Equal(OpenVerdict.Refused, party.Take(Elsewhere, bad));
        }
    }
}

internal static class BytesExtension
{
    public static byte[] With(this byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }
}
