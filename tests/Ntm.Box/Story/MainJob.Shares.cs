using System.Net;
using System.Text;
using Ntm.Box.Os;
using Ntm.Box.World;

namespace Ntm.Box.Story;

// A share between two owners: what it opens, what it does not, and how it ends.
internal sealed partial class MainJob
{
    private const string NasOfBob = $"nas.bob.{Zone}";

    private const int Unreachable = 3; // ICMP, RFC 792

    /// <summary>What is taken back has ended so long after the order at the latest.</summary>
    private static readonly TimeSpan LongestCut = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AnswersLast = TimeSpan.FromSeconds(40);

    private DateTimeOffset unshared;

    private LanDevice Laptop => Erin.Devices[0];

    private async Task BeforeShareAsync()
    {
        tell.Begin("before-share", $"Before a share erin's laptop gets nothing for {NasOfBob}");
        var since = DateTimeOffset.UtcNow;
        var dig = await LaptopDigAsync();
        var curl = await Laptop.Namespace.RunAsync(["curl", "-4", "-sS", "--max-time", "5", $"http://{NasOfBob}/hello.txt"], Short, stop);
        tell.Say($"its dnsmasq sends the question to the public DNS: {Answer(dig)}; {curl.Err.Trim()}");
        var packets = await wire!.SinceAsync(since, stop);
        var towards = packets.Count(p => p.Between(Erin.PublicAddress, Internet.RelayAddress) || p.Between(Erin.PublicAddress, Bob.PublicAddress));
        tell.Say($"captured meanwhile: {Teller.Count(towards, "datagram")} between erin's home and bob's or {Zone}'s relay");
        if (StatusOf(dig) != "NXDOMAIN" || curl.Ok || towards > 0)
        {
            throw new BoxFailed("nothing is shared yet, so nothing should be found or sent");
        }
    }

    private async Task ShareAsync()
    {
        tell.Begin("share", "Bob shares his nas, TCP port 80, with erin for 7 days; the code goes from owner to owner");
        var shared = await MustAsync(NtmAsync(Bob, "share", "nas", "--for", "Erin", "--ports", "tcp/80", "--days", "7"));
        var code = shared.Out.Trim();
        tell.Say($"bob$ ntm share nas --for Erin --ports tcp/80 --days 7   -> {Shortened(code)} ({code.Length} characters)");
        var accepted = await MustAsync(NtmAsync(Erin, "accept", code));
        tell.Say($"erin$ ntm accept {Shortened(code)}   -> {accepted.Out.Trim()}");
        var line = await UntilAsync(Short, async () => (await File.ReadAllLinesAsync(Erin.DnsmasqServers, stop)).FirstOrDefault(l => l.Contains($"bob.{Zone}", StringComparison.Ordinal)), l =>
            l is not null ? null : $"{Erin.DnsmasqServers} does not name bob.{Zone}");
        await UntilAsync(Short, () => Task.FromResult(dnsmasqs["erin"].Tail(200).LastOrDefault(l => l.Contains($"for domain bob.{Zone}", StringComparison.Ordinal))), l =>
            l is not null ? null : $"erin's dnsmasq has not taken bob.{Zone} from {Erin.DnsmasqServers}");
        tell.Say($"erin's gateway told its dnsmasq (SIGHUP): {line}");

        var asked = DateTimeOffset.UtcNow;
        var alias = await ResolveAsync(Laptop, NasOfBob);
        var answered = DateTimeOffset.UtcNow;
        tell.Say($"erin's laptop: {NasOfBob} is {alias}, after {(answered - asked).TotalMilliseconds:0} ms, dig's own start included");
        var hello = await MustAsync(Laptop.Namespace.RunAsync(["curl", "-4", "-sS", "--fail", "--max-time", "10", $"http://{NasOfBob}/hello.txt"], Patient, stop));
        tell.Say($"curl http://{NasOfBob}/hello.txt printed: {hello.Out.Trim()}");
        TellSequence(asked, await wire!.SinceAsync(asked, stop));
        var found = coordinator!.Tail(200).LastOrDefault(l => l.Contains($"coordinator of zone {Friends}", StringComparison.Ordinal))
            ?? secondCoordinator!.Tail(200).LastOrDefault(l => l.Contains($"coordinator of zone {Friends}", StringComparison.Ordinal));
        tell.Say($"bob's coordinator logged: {Sentence(found ?? "nothing of it")}");
        if (found is null)
        {
            throw new BoxFailed($"the log of {Zone}'s coordinators should say that a coordinator of {Friends} is there");
        }

        tell.Say($"both NATs are symmetric, so a relay carries it, that of bob's zone, where erin's gateway is a guest; it logged: {Sentence(relay!.Tail(200).LastOrDefault(l => l.Contains("another zone", StringComparison.Ordinal)) ?? "the relay has logged no guest")}");
        await StaysRelayedAsync(Erin, Bob);
        var own = (await wire.SinceAsync(asked, stop)).Count(p => p.Channel != 0 && p.Between(Erin.PublicAddress, Internet.FriendsRelayAddress));
        tell.Say($"captured meanwhile on channels of {Friends}'s own relay: {Teller.Count(own, "datagram")}");
        if (own > 0)
        {
            throw new BoxFailed($"the relay is that of the home that was asked for, not that of {Friends}");
        }
    }

    /// <summary>Says when what happened first between the servers and the homes, as captured.</summary>
    private void TellSequence(DateTimeOffset asked, IReadOnlyList<SeenPacket> packets)
    {
        bool Home(string address) => address is Internet.CoordinatorAddress or Internet.SecondCoordinatorAddress;
        bool Question(SeenPacket p, Func<string, bool> from, string zone) => from(p.Source.ToString()) && p.Destination.ToString() == Internet.ResolverAddress && p.DestinationPort == 53
            && p.Payload.Span.IndexOf(Encoding.ASCII.GetBytes($"\x04_ntm{(char)zone.IndexOf('.', StringComparison.Ordinal)}{zone.Split('.')[0]}")) >= 0;
        bool Across(SeenPacket p, int type) => p.TunnelType == type
            && ((Home(p.Source.ToString()) && p.Destination.ToString() == Internet.FriendsCoordinatorAddress) || (Home(p.Destination.ToString()) && p.Source.ToString() == Internet.FriendsCoordinatorAddress));
        (string What, Func<SeenPacket, bool> Is)[] sequence =
        [
            ($"erin's coordinator ({Friends}) asks the public DNS for _ntm.{Zone}", p => Question(p, a => a == Internet.FriendsCoordinatorAddress, Zone)),
            ($"and begins a tunnel with bob's ({Zone})", p => Across(p, 1)),
            ($"bob's coordinator asks the public DNS whose key that is: _ntm.{Friends}", p => Question(p, Home, Friends)),
            ("the first sealed data between the two coordinators", p => Across(p, 4)),
            ($"erin's gateway begins a tunnel with the relay of {Zone}", p => p.TunnelType == 1 && p.Channel == 0 && p.Source.ToString() == Erin.PublicAddress && p.Destination.ToString() == Internet.RelayAddress),
            ("the first sealed data between bob's home and erin's, on a channel of that relay", p => p.TunnelType == 4 && p.Channel != 0 && p.Between(Erin.PublicAddress, Internet.RelayAddress)),
        ];
        tell.Say("captured on the internet, since the name was asked for:");
        foreach (var (what, at) in sequence.Select(s => (s.What, packets.Where(s.Is).Select(p => (DateTimeOffset?)p.At).FirstOrDefault())).OrderBy(s => s.Item2))
        {
            tell.Say($"  {(at is { } time ? $"{(time - asked).TotalMilliseconds,4:0} ms" : "   never")}  {what}");
            if (at is null)
            {
                throw new BoxFailed($"not captured: {what}");
            }
        }
    }

    private async Task ShareLimitsAsync()
    {
        tell.Begin("share-limits", "The share opens that one port of that one device, and nothing else");
        var alias = await ResolveAsync(Laptop, NasOfBob);
        var since = DateTimeOffset.UtcNow;
        var before = await At(Bob).StatusAsync(stop);
        var curl = await Laptop.Namespace.RunAsync(["curl", "-4", "-sS", "--max-time", "5", $"http://{NasOfBob}:{LongPort}/"], Short, stop);
        var counted = await RisenAsync(Bob, before);

        // An ICMP error carries the header of the packet it refuses: destination at 16 (RFC 792).
        var refused = (await erinsLan!.SinceAsync(since, stop)).Where(p =>
            p.Protocol == 1 && p.Payload.Length >= 28 && p.Payload.Span[0] == Unreachable && new IPAddress(p.Payload.Span.Slice(8 + 16, 4)).ToString() == alias).ToList();
        var reached = (await bobsLan!.SinceAsync(since, stop)).Count(p => p.Protocol == 6 && p.DestinationPort == LongPort);
        var codes = refused.Select(p => (int)p.Payload.Span[1]).Distinct().Select(c => c is 9 or 10 or 13 ? $"administratively prohibited (code {c})" : $"code {c}");
        tell.Say($"port {LongPort}, where bob's nas serves his own: {curl.Err.Trim()}");
        tell.Say($"it is refused at bob's: in erin's LAN {Teller.Count(refused.Count, "ICMP refusal")}, {string.Join(", ", codes)}, from {string.Join(", ", refused.Select(p => p.Source).Distinct())}; in bob's LAN {Teller.Count(reached, "packet")} to that port; bob's gateway counted {counted}");
        if (curl.Ok || reached > 0 || refused.Count == 0 || refused.Any(p => p.Payload.Span[1] is not (9 or 10 or 13)) || counted.Length == 0)
        {
            throw new BoxFailed($"port {LongPort} is not shared: it should be refused as administratively prohibited, counted at bob's, and not be reached");
        }

        // Published, so that bob's own zone reaches it; not shared.
        var printer = Bob.Device("printer");
        await MustAsync(NtmAsync(Bob, "publish", "printer", printer.Address));
        var name = $"printer.bob.{Zone}";
        var own = await UntilAsync(Short, () => ResolveAsync(Alice.Devices[0], name), _ => null);
        var dig = await LaptopDigAsync(name);
        var why = await NtmAsync(Erin, "resolve", name);
        tell.Say($"{name}, which bob has published: {own} for alice's laptop; for erin's {Answer(dig)}");
        tell.Say($"erin$ ntm resolve {name}   -> {Reason(why)}");

        // By its very address too: that of number 0 of bob's gateway, with the device's number.
        var member = (await At(Bob).StatusAsync(stop)).Member!;
        var number = (await At(Bob).DevicesAsync(stop)).First(d => d.Name == "printer").Number;
        var address = $"{member.Vip[..(member.Vip.LastIndexOf(':') + 1)]}{number:x}";
        since = DateTimeOffset.UtcNow;
        before = await At(Bob).StatusAsync(stop);
        var ping = await Erin.Gateway.RunAsync(["ping", "-6", "-n", "-c", "3", "-i", "0.2", "-W", "1", address], Short, stop);
        counted = await RisenAsync(Bob, before);
        reached = (await bobsLan.SinceAsync(since, stop)).Count(p => p.Protocol == 1 && p.Destination.ToString() == printer.Address && p.Payload.Span[0] == EchoRequest);
        tell.Say($"pinged by the printer's virtual address {address} from erin's gateway itself: {Pinged(ping)}; {Teller.Count(reached, "ping")} in bob's LAN; bob's gateway counted {counted}");
        await MustAsync(NtmAsync(Bob, "unpublish", "printer"));
        if (StatusOf(dig) == "NOERROR" || why.Ok || ping.Ok || reached > 0 || counted.Length == 0)
        {
            throw new BoxFailed($"{name} is not shared with erin and should be refused");
        }

        var again = await MustAsync(Laptop.Namespace.RunAsync(["curl", "-4", "-sS", "--fail", "--max-time", "10", "-w", "from %{remote_ip}", $"http://{NasOfBob}/hello.txt"], Patient, stop));
        if (!again.Out.Contains($"from {alias}", StringComparison.Ordinal))
        {
            throw new BoxFailed($"{NasOfBob} should still be reached at {alias}: {again.Out.Trim()}");
        }
    }

    private async Task UnshareAsync()
    {
        tell.Begin("unshare", "Bob takes the share back while erin's laptop is fetching: that cuts it");
        var share = (await At(Bob).SharesAsync(stop)).Given.Single();
        tell.Say($"bob's gateway lists share {share.Id}: {share.Name}, {share.Ports}, for {share.For}, accepted by {share.AcceptedBy}, until {share.Expires.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        await HoldLittleAsync(Laptop.Namespace);
        var began = DateTimeOffset.UtcNow;
        var transfer = Child.Start(copy, "erin/laptop-transfer", Laptop.Namespace.Inside(
            "curl", "-4", "-sS", "--limit-rate", "256k", "-o", "/dev/null", $"http://{NasOfBob}/gift.bin"));
        await Task.Delay(TimeSpan.FromSeconds(1.5), stop);
        var ordered = unshared = DateTimeOffset.UtcNow;
        var end = await MustAsync(NtmAsync(Bob, "unshare", $"{share.Id}"));
        tell.Say($"bob$ ntm unshare {share.Id}   -> {end.Out.Trim()}");
        await UntilAsync(Short, () => At(Bob).PeerAsync("erin", stop), p => p is null ? null : "bob's gateway still has a tunnel with erin's");
        var gone = DateTimeOffset.UtcNow - ordered;

        await Task.Delay(ordered + LongestCut - DateTimeOffset.UtcNow is { } rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero, stop);
        var data = (await erinsLan!.SinceAsync(began, stop)).Where(p => p.SourcePort == 80 && p.Destination.ToString() == Laptop.Address && p.TcpBytes > 0).ToList();
        var state = transfer.Running ? "curl still waits for more" : $"curl ended: {string.Join(' ', transfer.Tail(1))}";
        await transfer.StopAsync(TimeSpan.FromSeconds(2));
        var bytes = data.Sum(p => (long)p.TcpBytes);
        if (data.Count == 0 || bytes >= giftBytes)
        {
            throw new BoxFailed($"the transfer should have been under way when the share was taken back; {Teller.Size(bytes)} of {Teller.Size(giftBytes)} had come");
        }

        var last = data[^1].At - ordered;
        tell.Say($"captured in erin's LAN: {Teller.Size(bytes)} of {Teller.Size(giftBytes)} came, the last byte {Math.Abs(last.TotalSeconds):0.00} s {(last > TimeSpan.Zero ? "after" : "before")} the order was given; {state}");
        tell.Say($"bob's gateway had no tunnel with erin's any more {gone.TotalSeconds:0.00} s after it");
        if (last > LongestCut)
        {
            throw new BoxFailed($"a share taken back should cut within {LongestCut.TotalSeconds:0} s");
        }
    }

    // Else a fast path fills the receiver's buffers with all of it at once, and a slow reader says nothing about the path.
    private async Task HoldLittleAsync(NetworkNamespace place) =>
        await MustAsync(place.RunAsync(["sysctl", "-qw", "net.ipv4.tcp_rmem=4096 65536 131072"], Short, stop));

    private async Task UnsharedNameAsync()
    {
        tell.Begin("unshared-name", $"{NasOfBob} is not found any more by erin's laptop: answers last 30 s, and then bob's gateway is asked again");
        var dig = await UntilAsync(AnswersLast, () => LaptopDigAsync(), o => StatusOf(o) == "NOERROR" ? $"{NasOfBob} is still answered" : null);
        var refused = DateTimeOffset.UtcNow - unshared;
        var why = await NtmAsync(Erin, "resolve", NasOfBob);
        tell.Say($"{refused.TotalSeconds:0} s after bob's order dig there says: {Answer(dig)}");
        tell.Say($"erin$ ntm resolve {NasOfBob}   -> {Reason(why)}");
        if (why.Ok || !why.Out.Contains("taken back", StringComparison.Ordinal))
        {
            throw new BoxFailed("the name should be refused, with the reason that the share was taken back");
        }
    }

    private Task<Outcome> LaptopDigAsync(string name = NasOfBob) =>
        MustAsync(Laptop.Namespace.RunAsync(["dig", "+noall", "+comments", "+answer", "+tries=1", "+time=5", name, "A"], Short, stop));

    /// <summary>The status, and the extended error (RFC 8914) where there is one.</summary>
    private static string Answer(Outcome dig) =>
        StatusOf(dig) + (dig.Out.Split('\n').FirstOrDefault(l => l.Contains("EDE:", StringComparison.Ordinal)) is { } extended ? $", {extended.TrimStart(';', ' ').Trim()}" : "");

    private static string Reason(Outcome resolve) =>
        string.Join("; ", resolve.Out.Split('\n').Where(l => l.StartsWith("Verdict", StringComparison.Ordinal) || l.StartsWith("Why", StringComparison.Ordinal)).Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim()));

    private static string Pinged(Outcome ping) =>
        ping.Out.Split('\n').FirstOrDefault(l => l.Contains("packets transmitted", StringComparison.Ordinal))?.Trim() ?? ping.Sentence;

    private static string Shortened(string code) => code.Length > 24 ? $"{code[..20]}..." : code;

    /// <summary>A log line without its time and level.</summary>
    private static string Sentence(string line) => line.IndexOf(" INF ", StringComparison.Ordinal) is >= 0 and var at ? line[(at + 5)..] : line;

    /// <summary>Which refusals a gateway has counted since.</summary>
    private async Task<string> RisenAsync(Home home, Interface.StatusDocument before)
    {
        var after = await At(home).StatusAsync(stop);
        return string.Join(", ", after.Counters.Where(c => c.Value > before.Counters.GetValueOrDefault(c.Key) && c.Key.StartsWith("admission", StringComparison.Ordinal))
            .Select(c => $"{c.Key} +{c.Value - before.Counters.GetValueOrDefault(c.Key)}"));
    }
}
