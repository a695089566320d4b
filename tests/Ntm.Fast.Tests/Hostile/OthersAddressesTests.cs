using Ntm.Fuzz.Cores;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Simulation;
using Xunit.Abstractions;

namespace Ntm.Fast.Tests.Hostile;

/// <summary>A peer names other people's addresses for its own: what a node then sends to them, counted on the wire.</summary>
[Collection(AloneCollection.Name)]
public sealed class OthersAddressesTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void New_ones_twenty_times_a_second()
    {
        var next = 0u;
        var (datagrams, bytes, hosts) = Sent(() => RealAddress.FromIPv4(0x2000_0000u + next++, 4000));
        output.WriteLine($"{next} addresses named in a minute: {datagrams} datagrams with {bytes} bytes to {hosts} of them");
        Assert.InRange(datagrams, 1, 7 * Limits.UnprovenDatagramsPerPeer);
    }

    [Fact]
    public void Always_the_same_sixteen()
    {
        var next = 0u;
        var (datagrams, bytes, hosts) = Sent(() => RealAddress.FromIPv4(0x2000_0000u + (next++ % Limits.Candidates), 4000));
        output.WriteLine($"16 addresses named again and again: {datagrams} datagrams with {bytes} bytes to {hosts} of them");
        Assert.InRange(datagrams, 1, 7 * Limits.UnprovenDatagramsPerPeer);
    }

    [Fact]
    public void One_host_by_all_its_ports()
    {
        var next = 0u;
        var (datagrams, bytes, _) = Sent(() => RealAddress.FromIPv4(0x2000_0001u, (ushort)(1 + (next++ % 60_000))));
        output.WriteLine($"one host's ports: {datagrams} datagrams with {bytes} bytes");
        Assert.InRange(datagrams, 1, 7 * 4 * Limits.UnprovenDatagrams);
        Assert.InRange(bytes, 1, 7 * 4 * Limits.UnprovenBytes);
    }

    /// <summary>The last word counts although it came too soon.</summary>
    [Fact]
    public void The_latest_of_many_words_is_the_one_that_counts()
    {
        var (core, stage) = NodeMemoryTests.Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        for (var i = 1u; i <= 100; i++)
        {
            bob.Ask(stage.Now, Update(i, RealAddress.FromIPv4(0x2000_0000u + i, 4000)));
            stage.Exchange();
        }

        for (var i = 0; i < 20; i++)
        {
            stage.Pass(TimeSpan.FromMilliseconds(100));
        }

        var described = core.Describe(stage.Now);
        Assert.Equal(98, described.Counters["candidate-update-waits"] - 1);
        Assert.Contains(described.Peers.Single().Paths, p => p.Path.Remote == RealAddress.FromIPv4(0x2000_0000u + 100, 4000));
        Assert.DoesNotContain(described.Peers.Single().Paths, p => p.Path.Remote == RealAddress.FromIPv4(0x2000_0000u + 50, 4000));
    }

    /// <summary>A peer that has its only path withdrawn for another's address, while a device sends to it as fast as it can.</summary>
    [Fact]
    public void A_stream_is_not_turned_to_an_address_that_did_not_ask_for_it()
    {
        var (core, stage) = NodeMemoryTests.Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        bob.Ask(stage.Now, Update(1, RealAddress.FromIPv4(0x2000_0001u, 4000)));
        stage.Exchange();
        Assert.Equal(RealAddress.FromIPv4(0x2000_0001u, 4000), Assert.Single(core.Describe(stage.Now).Peers.Single().Paths).Path.Remote);
        AssertHeld(core, stage);
    }

    /// <summary>The first sealed packet of a handshake comes from another's address, as its maker wrote it.</summary>
    [Fact]
    public void A_handshake_from_a_forged_source_turns_no_stream_there()
    {
        var (core, stage) = NodeMemoryTests.Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        bob.Ask(stage.Now, Update(1));
        stage.Exchange();
        stage.Pass(TimeSpan.FromSeconds(6));
        bob.Tunnels.Begin(stage.Now, bob.Tunnel);
        while (bob.Outbox.TryTakeDatagram(out _, out var initiation))
        {
            stage.Deliver(new WirePath(0, bob.Who.Address, 0), initiation);
        }

        bob.Receive(stage.Now, new WirePath(0, bob.Who.Address, 0), stage.Take(bob.Who.Address) ?? throw new InvalidOperationException("no response"));
        while (bob.Outbox.TryTakeDatagram(out _, out var first))
        {
            stage.Deliver(new WirePath(0, RealAddress.FromIPv4(0x2000_0002u, 4000), 0), first);
        }

        Assert.True(core.Describe(stage.Now).Peers.Single().Established);
        AssertHeld(core, stage);
    }

    private void AssertHeld(NodeCore core, Stage stage)
    {
        var sent = (Datagrams: 0, Bytes: 0);
        stage.OnSent = (path, length) => sent = path.Remote.Low << 32 >> 60 == 2 ? (sent.Datagrams + 1, sent.Bytes + length) : sent;
        var packet = new IpPacket
        {
            Source = Cast.Alice.Vip.ToIPAddress(), Destination = Cast.Bob.Vip.ToIPAddress(), Content = IpContent.EchoRequest, From = 9, To = 1, Payload = new byte[1000],
        };
        var batch = new PacketBatch(64);
        for (var i = 0; i < 100; i++)
        {
            batch.Clear();
            while (!batch.IsFull)
            {
                batch.Add().Fill(packet.ToBytes());
            }

            core.ReceivePackets(stage.Now, batch);
            for (var n = 0; n < batch.Count; n++)
            {
                if (batch[n].Disposition == Disposition.ToWire)
                {
                    stage.OnSent(batch[n].Path, batch[n].Length);
                }
            }

            stage.Pass(TimeSpan.FromMilliseconds(20));
        }

        output.WriteLine($"of 6,400 packets: {sent.Datagrams} datagrams with {sent.Bytes} bytes, checks and handshakes with them");
        Assert.InRange(sent.Datagrams, 0, Limits.UnprovenDatagrams);
        Assert.InRange(sent.Bytes, 0, Limits.UnprovenBytes);
    }

    private static (int Datagrams, int Bytes, int Hosts) Sent(Func<RealAddress> next)
    {
        var (_, stage) = NodeMemoryTests.Node();
        var bob = stage.Speakers.Single(s => s.Who == Cast.Bob);
        var (datagrams, bytes, hosts) = (0, 0, new HashSet<RealAddress>());
        stage.OnSent = (path, length) =>
        {
            if (path.Remote.IsIPv4 && path.Remote.Low << 32 >> 60 == 2)
            {
                datagrams++;
                bytes += length;
                hosts.Add(path.Remote.WithPort(0));
            }
        };
        ulong generation = 0;
        for (var time = TimeSpan.Zero; time < s_minute; time += TimeSpan.FromMilliseconds(50))
        {
            bob.Ask(stage.Now, Update(++generation, [.. Enumerable.Range(0, Limits.Candidates).Select(_ => next())]));
            stage.Exchange();
            stage.Pass(TimeSpan.FromMilliseconds(50));
        }

        return (datagrams, bytes, hosts.Count);
    }

    private static Signal Update(ulong generation, params RealAddress[] addresses)
    {
        var update = new CandidateUpdate { Generation = generation };
        update.Candidates.AddRange(addresses.Select(a => new Candidate { Kind = CandidateKind.CandidateMappedAtRelay, Endpoint = a.ToWire() }));
        return new Signal { CandidateUpdate = update };
    }
}
