using System.Security.Cryptography;
using System.Text;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// What else goes by name, and what must not go.
internal sealed partial class MainJob
{
    private const int EchoRequest = 8; // ICMP, RFC 792

    private async Task PingAsync()
    {
        tell.Begin("ping", "Alice's laptop pings bob's nas by name");
        var ping = await MustAsync(Alice.Devices[0].Namespace.RunAsync(["ping", "-4", "-n", "-c", "5", "-i", "0.2", "-W", "2", $"nas.bob.{Zone}"], Patient, stop));
        foreach (var line in ping.Out.Split('\n').Where(l => l.StartsWith("PING", StringComparison.Ordinal) || l.Contains("packets transmitted", StringComparison.Ordinal) || l.StartsWith("rtt", StringComparison.Ordinal)))
        {
            tell.Say(line.Trim());
        }

        if (!ping.Out.Contains("5 received", StringComparison.Ordinal))
        {
            throw new BoxFailed("not all of 5 pings were answered");
        }
    }

    private async Task DatagramAsync()
    {
        tell.Begin("udp", "A UDP exchange: alice's laptop sends a word, bob's nas answers with its SHA-256 (socat, sha256sum)");
        var nas = Bob.Device("nas");
        Child.Start(copy, "bob/nas-udp", nas.Namespace.Inside("socat", "UDP4-RECVFROM:7007,reuseaddr,fork", "EXEC:sha256sum"));
        await UntilAsync(Short, () => nas.Namespace.RunAsync(["ss", "-Hlun"], Short, stop), o => o.Out.Contains(":7007 ", StringComparison.Ordinal) ? null : "socat has not opened port 7007");
        var word = "a word from alice " + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var answer = await MustAsync(Alice.Devices[0].Namespace.RunAsync(["socat", "-t", "3", "-T", "5", "-", $"UDP4:nas.bob.{Zone}:7007"], Patient, stop, word));
        tell.Say($"sent '{word}', got '{answer.Out.Trim()}'");
        var expected = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(word)));
        if (!answer.Out.StartsWith(expected, StringComparison.Ordinal))
        {
            throw new BoxFailed($"the answer should have been {expected}");
        }
    }

    private async Task OtherPairsAsync()
    {
        tell.Begin("alice-carol", "Alice and carol: direct as well, for alice's NAT permits it");
        await ResolveAsync(Alice.Devices[0], $"nas.carol.{Zone}");
        await MustAsync(Alice.Devices[0].Namespace.RunAsync(["curl", "-sS", "--fail", "--max-time", "10", "-o", "/dev/null", $"http://nas.carol.{Zone}/hello.txt"], Patient, stop));
        await GoesDirectAsync(Alice, Carol);

        tell.Begin("carol-bob", "Carol and bob: both NATs are symmetric, so they stay on the relay; and it works all the same, both ways");
        await StaysRelayedAsync(Carol, Bob);
        await StaysRelayedAsync(Bob, Carol);
    }

    private async Task UnpublishedAsync()
    {
        tell.Begin("unpublished", "A device that is not published cannot be reached");
        var laptop = Alice.Devices[0];
        var never = await laptop.Namespace.RunAsync(["dig", "+noall", "+comments", "+tries=1", "+time=5", $"printer.bob.{Zone}", "A"], Short, stop);
        tell.Say($"before it is published, dig says of printer.bob.{Zone}: {StatusOf(never)}");
        if (StatusOf(never) != "NXDOMAIN")
        {
            throw new BoxFailed($"a name nobody gave should not exist (NXDOMAIN); dig said {StatusOf(never)}");
        }

        // Another name, since the first answer may be remembered on the way.
        var printer = Bob.Device("printer");
        await MustAsync(NtmAsync(Bob, "publish", "lpr", printer.Address));
        var alias = await UntilAsync(Short, () => ResolveAsync(laptop, $"lpr.bob.{Zone}"), _ => null);
        var open = await laptop.Namespace.RunAsync(Ping(alias), Short, stop);
        tell.Say($"published as lpr.bob.{Zone} ({alias}): {Answered(open)}");
        await MustAsync(NtmAsync(Bob, "unpublish", "lpr"));
        await UntilAsync(Short, () => At(Bob).DevicesAsync(stop), all =>
            all.Any(d => d.Published && string.Equals(d.Mac, printer.Mac, StringComparison.OrdinalIgnoreCase)) ? "bob's gateway still lists the printer as published" : null);
        var before = await At(Bob).StatusAsync(stop);
        var since = DateTimeOffset.UtcNow;
        var closed = await laptop.Namespace.RunAsync(Ping(alias), Short, stop);
        var risen = await RisenAsync(Bob, before);
        var reached = (await bobsLan!.SinceAsync(since, stop))
            .Count(p => p.Destination.ToString() == printer.Address && p.Protocol == 1 && p.Payload.Span[0] == EchoRequest);
        tell.Say($"unpublished again: {Answered(closed)}; {Teller.Count(reached, "ping")} came out at bob's printer"
            + (risen.Length > 0 ? $"; bob's gateway counted {risen}" : ""));
        if (!open.Ok || closed.Ok || reached > 0)
        {
            throw new BoxFailed("the printer should answer while it is published, and not before or after");
        }

        static string[] Ping(string alias) => ["ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", alias];
        static string Answered(Outcome ping) =>
            ping.Out.Split('\n').FirstOrDefault(l => l.Contains("packets transmitted", StringComparison.Ordinal))?.Trim() ?? ping.Sentence;
    }

    private async Task SealedAsync()
    {
        tell.Begin("sealed", "Nobody in between could read any of it");
        var internetPackets = await wire!.SinceAsync(DateTimeOffset.MinValue, stop);
        var lanPackets = await bobsLan!.SinceAsync(DateTimeOffset.MinValue, stop);
        var marked = gifts["bob"].ShownBy(lanPackets);
        var shown = gifts.Values.Sum(g => g.ShownBy(internetPackets));
        tell.Say($"a watermark in every 128 bytes of bob's file was found in {marked:#,0} of {lanPackets.Count:#,0} packets captured in bob's LAN, where it is plain,");
        tell.Say($"and bob's and carol's in {shown:#,0} of {internetPackets.Count:#,0} packets captured on the internet");
        var others = internetPackets.Where(p => p.TunnelType == 0 && p.Protocol != 1 && p.SourcePort != 53 && p.DestinationPort != 53
            && p.Source.ToString() is not (Internet.StunAddress or Internet.StunOtherAddress)
            && p.Destination.ToString() is not (Internet.StunAddress or Internet.StunOtherAddress)).ToList();
        var tunnels = internetPackets.Where(p => p.TunnelType != 0).ToList();
        var names = internetPackets.Count(p => p.TunnelType == 0 && (p.SourcePort == 53 || p.DestinationPort == 53));
        tell.Say($"by kind: {string.Join(", ", tunnels.GroupBy(p => p.TunnelType).OrderBy(g => g.Key).Select(g => $"{g.Count():#,0} {TypeName(g.Key)}"))}, {others.Count:#,0} of any other kind, the public DNS ({names:#,0}), STUN and ICMP left out");
        if (marked == 0)
        {
            throw new BoxFailed("the watermark was not found where the file is plain, so not finding it elsewhere says nothing");
        }

        if (shown > 0)
        {
            throw new BoxFailed($"{shown} packets on the internet show a file's content");
        }

        if (others.Count > 0)
        {
            throw new BoxFailed($"packets that belong to no tunnel were on the internet: {Flows(others)}");
        }

        static string TypeName(int type) => type switch { 1 => "handshake initiations", 2 => "responses", 3 => "cookie replies", _ => "sealed data" };
    }
}
