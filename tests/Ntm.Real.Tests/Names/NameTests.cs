using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Real.Tests.Programs;
using Xunit.Abstractions;

namespace Ntm.Real.Tests.Names;

/// <summary>NTM records in a real DNS: what we print, publish and find, with Debian's nsd, unbound and dig as independent parties.</summary>
[Collection(NameWorldCollection.Name)]
public sealed partial class NameTests(NameWorld world, ITestOutputHelper output)
{
    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task BothZonesAreFoundThroughTheResolver()
    {
        await world.UpAsync();
        foreach (var (zone, lines, endpoints) in new[]
        {
            (NameWorld.Alice, world.AliceLines, $"{NameWorld.AliceAddress}:4916 [2001:db8::20]:4916"), (NameWorld.Bob, world.BobLines, $"{NameWorld.BobAddress}:4916"),
        })
        {
            var found = await world.FindAsync(zone);
            output.WriteLine(found.Out);
            Assert.True(found.Ok, found.Sentence);
            var key = KeyText().Match(lines[0]).Groups[1].Value;
            Assert.Contains($"      1  {key}  {endpoints}", found.Out, StringComparison.Ordinal);
            Assert.Contains($"{NameWorld.UnboundAddress}:53 answered", found.Out, StringComparison.Ordinal);

            // dig, by the same resolver, shows what we printed.
            Assert.Equal(Rdata(lines[0]), Rdata((await world.DigAsync("+noall", "+answer", $"_ntm.{zone}", "SVCB")).Trim()));
        }
    }

    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task DebiansServerAndDigAgreeWithOurs()
    {
        await world.UpAsync();
        foreach (var (zone, server, lines) in new[]
        {
            (NameWorld.Alice, NameWorld.NsdAddress, world.AliceLines), (NameWorld.Bob, NameWorld.BobAddress, world.BobLines), (NameWorld.Carol, NameWorld.NsdAddress, world.CarolLines),
        })
        {
            // As dig prints it: the very line. As bytes: what nsd made of our line is what we read, and what we answer ourselves.
            var ours = lines.Where(l => l.Contains(" SVCB ", StringComparison.Ordinal)).ToArray();
            var shown = await world.DigAsync($"@{server}", "+norec", "+noall", "+answer", $"_ntm.{zone}", "SVCB");
            Assert.Equal(ours.Order(), shown.Trim().Split('\n').Select(l => Spaces().Replace(l, " ").Trim()).Order());
            var raw = await world.DigAsync($"@{server}", "+norec", "+noall", "+answer", "+unknownformat", $"_ntm.{zone}", "SVCB");
            var data = raw.Trim().Split('\n').Select(l => Convert.FromHexString(l.Split("\\# ")[1].Split(' ', 2)[1].Replace(" ", ""))).ToArray();
            Assert.Null(NtmRecord.Read(zone, data, out var entries));
            Assert.Equal(ours.Order(), entries.Select(e => e.ToZoneFile(zone, NtmRecord.TtlSeconds)).Order());
            Assert.Equal(data.Select(Convert.ToHexString).Order(), entries.Select(e => Convert.ToHexString(e.Encode())).Order());
            foreach (var entry in entries)
            {
                output.WriteLine(entry.ToUnknownForm(zone, NtmRecord.TtlSeconds));
            }
        }
    }

    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task ALongRecordComesByTcpWhereUdpIsTooShort()
    {
        await world.UpAsync();
        Assert.Contains(" tc ", await world.DigAsync($"@{NameWorld.SmallAddress}", "+ignore", $"_ntm.{NameWorld.Carol}", "SVCB"), StringComparison.Ordinal);
        var found = await world.FindAsync(NameWorld.Carol, "--resolver", NameWorld.SmallAddress);
        Assert.True(found.Ok, found.Sentence);
        Assert.All(LongRecord.Entries(NameWorld.Carol), e => Assert.Contains($"{e.Priority}  {e.Key}  {string.Join(' ', e.Hints)}", found.Out, StringComparison.Ordinal));
    }

    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task WhatIsNotThereIsSaidWithItsReason()
    {
        await world.UpAsync();
        foreach (var (zone, resolver, said) in new[]
        {
            ("nobody.example", NameWorld.UnboundAddress, "There is no zone nobody.example; the DNS knows nothing below example"),
            (NameWorld.Dave, NameWorld.UnboundAddress, $"There is no NTM record at _ntm.{NameWorld.Dave}"),
            (NameWorld.Bob, "203.0.113.99", "Nobody answered at 203.0.113.99:53"),
            (NameWorld.Bob, NameWorld.AskerAddress, $"Nobody answered at {NameWorld.AskerAddress}:53"),
            ("home.test", NameWorld.NsdAddress, "There is no zone home.test"),
        })
        {
            var outcome = await world.FindAsync(zone, "--resolver", resolver);
            output.WriteLine(outcome.Err.Trim());
            Assert.Equal(69, outcome.Code);
            Assert.Contains(said, outcome.Err, StringComparison.Ordinal);
        }
    }

    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task NodesAreNotFoundByDnsNorAreTransfersGiven()
    {
        await world.UpAsync();
        var code = (await NameWorld.MustAsync(world.BobsPlace, world.Programs.Coordinator, "invite", "--data", world.BobFolder, "--relay")).Trim();
        await NameWorld.MustAsync(
            world.Asker, world.Programs.Relay, "join", code, "--name", "rs1", "--data", Path.Combine(world.Folder, "relay"), "--endpoint", $"{NameWorld.AskerAddress}:4917");

        // A member and nobody: the same answer, by the resolver and from the coordinator itself.
        foreach (var server in new[] { NameWorld.UnboundAddress, NameWorld.BobAddress })
        {
            foreach (var name in new[] { $"rs1.{NameWorld.Bob}", $"nobody.{NameWorld.Bob}", $"nas.rs1.{NameWorld.Bob}" })
            {
                var said = await world.DigAsync($"@{server}", name, "AAAA");
                Assert.Contains("status: NXDOMAIN", said, StringComparison.Ordinal);
                Assert.Contains("ANSWER: 0, AUTHORITY: 1", said, StringComparison.Ordinal);
            }
        }

        Assert.Contains($"Transfer failed", await world.DigAsync($"@{NameWorld.BobAddress}", NameWorld.Bob, "AXFR"), StringComparison.Ordinal);
        Assert.Contains("HINFO\t\"RFC8482\" \"\"", await world.DigAsync($"@{NameWorld.BobAddress}", NameWorld.Bob, "ANY"), StringComparison.Ordinal);
        Assert.Contains("status: REFUSED", await world.DigAsync($"@{NameWorld.BobAddress}", "www.example", "A"), StringComparison.Ordinal);
        Assert.Contains("status: NOTIMP", await world.DigAsync($"@{NameWorld.BobAddress}", "+opcode=notify", NameWorld.Bob, "SOA"), StringComparison.Ordinal);
        var soa = await world.DigAsync($"@{NameWorld.BobAddress}", NameWorld.Bob, "SOA");
        Assert.Matches("flags: qr aa rd;", soa);
        Assert.Contains($"coordinator.{NameWorld.Bob}. nobody.invalid. 1 3600 600 86400 300", soa, StringComparison.Ordinal);
        Assert.Contains(NameWorld.BobAddress, await world.DigAsync("+short", $"coordinator.{NameWorld.Bob}", "A"), StringComparison.Ordinal);
    }

    [NeedsRootFact("nsd", "unbound", "dig")]
    public async Task WhoAsksTooOftenIsToldToComeByTcp()
    {
        await world.UpAsync();
        using var socket = world.Asker.In(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
            made.Connect(IPAddress.Parse(NameWorld.BobAddress), 53);
            return made;
        });
        const int Asked = 300;
        for (ushort id = 0; id < Asked; id++)
        {
            socket.Send(DnsResponse.Query(id, $"_ntm.{NameWorld.Bob}", DnsType.Svcb));
        }

        // Asked while the rate is still used up: cut by UDP, whole by TCP, as any resolver does it.
        var shown = await world.DigAsync($"@{NameWorld.BobAddress}", "+noall", "+answer", "+tcp", $"_ntm.{NameWorld.Bob}", "SVCB");
        Assert.Equal(Rdata(world.BobLines[0]), Rdata(shown.Trim()));

        var (whole, cut) = (0, 0);
        var buffer = new byte[2048];
        socket.ReceiveTimeout = 500;
        try
        {
            while (true)
            {
                var length = socket.Receive(buffer);
                var id = (ushort)((buffer[0] << 8) | buffer[1]);
                var response = DnsResponse.Read(buffer.AsSpan(0, length), id, $"_ntm.{NameWorld.Bob}", DnsType.Svcb);
                Assert.NotNull(response);
                (whole, cut) = response.IsCut ? (whole, cut + 1) : (whole + 1, cut);
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
        }

        output.WriteLine($"of {Asked} questions at once {whole} were answered, {cut} cut, {Asked - whole - cut} dropped");
        Assert.InRange(whole, Limits.DnsAnswersAtOnce - 20, Limits.DnsAnswersAtOnce + 40); // other tests may have used some of it, and time refills it
        Assert.InRange(cut, 60, Asked - whole);
        Assert.InRange(Asked - whole - cut, 60, Asked);
        Assert.Contains("More DNS questions come from around", world.Coordinator.Log, StringComparison.Ordinal);
        Assert.True((await world.FindAsync(NameWorld.Bob, "--resolver", NameWorld.SmallAddress)).Ok);
    }

    [NeedsRootFact("nsd", "unbound", "dig", "setpriv")]
    public async Task APortThatCannotBeHadIsNamed()
    {
        await world.UpAsync();
        var other = Town.Copy(world.BobFolder, Path.Combine(world.Folder, "bob-again"));
        File.Delete(Path.Combine(other, "coordinator.store"));
        string[] run = [world.Programs.Coordinator, "run", "--config", Path.Combine(other, "coordinator.json")];
        await RefusedAsync(world.BobsPlace, 69, $"The DNS port {NameWorld.BobAddress}:53 is in use", run);
        await RefusedAsync(world.Servers, 69, $"The DNS address {NameWorld.BobAddress}:53 is none of this machine's", run);

        // Root without the privilege for low ports, where the address is free.
        world.Servers.Run($"ip address add {NameWorld.BobAddress}/32 dev lo");
        try
        {
            await RefusedAsync(world.Servers, 77, "CAP_NET_BIND_SERVICE", ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", .. run]);
        }
        finally
        {
            world.Servers.Run($"ip address del {NameWorld.BobAddress}/32 dev lo");
        }
    }

    private async Task RefusedAsync(TestNamespace where, int code, string part, string[] command)
    {
        var outcome = await NameWorld.RunAsync(where, command);
        output.WriteLine(outcome.Err.Trim());
        Assert.True(outcome.Code == code, outcome.Sentence);
        Assert.Contains(part, outcome.Err, StringComparison.Ordinal);
    }

    /// <summary>What stands behind the type, however it is spaced.</summary>
    private static string Rdata(string line) => Spaces().Replace(line, " ").Split(" SVCB ")[1].Trim();

    [GeneratedRegex("key65280=\"([^\"]+)\"")]
    private static partial Regex KeyText();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
