using System.Diagnostics;
using System.Globalization;
using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Interface;

namespace Ntm.Box.Story;

// A crash does not take the house offline: programs are killed in the midst of what they carry, and what they carry goes on.
internal sealed partial class MainJob
{
    private const int LongBytes = 1 << 20;

    /// <summary>Where the server of long files listens.</summary>
    private const int LongPort = 8008;

    /// <summary>A server of one file that takes its time, so that the transfer lasts some 4 s: a piece every 0.1 s, whoever asks for whatever.</summary>
    private const string SlowServer =
        """
        #!/bin/sh
        read -r request
        printf 'HTTP/1.0 200 OK\r\nContent-Length: %s\r\n\r\n' "$(stat -c %s "$1")"
        n=0
        while dd if="$1" bs=27000 skip=$n count=1 2>/dev/null && [ $n -lt 40 ]; do n=$((n + 1)); sleep 0.1; done
        """;

    /// <summary>Names resolve again, and all are registered again, so long after a server runs again at the latest.</summary>
    private static readonly TimeSpan ServerBack = TimeSpan.FromSeconds(3);

    /// <summary>TCP tries again after 0.2, 0.4, 0.8 ... s: what was away for 4 s is silent for up to 7. Twice that, for a busy machine.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(14);

    private static readonly TimeSpan LongestTransfer = TimeSpan.FromSeconds(60);

    private Gift? longThere;
    private Gift? longOutside;

    /// <summary>What all of this speaks to: long files and echoing servers at bob's nas and at a server of the internet.</summary>
    private async Task ServeLongAsync()
    {
        var script = Path.Combine(copy.Directory, "slow-server.sh");
        await File.WriteAllTextAsync(script, SlowServer.ReplaceLineEndings("\n"), stop);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        longThere = gifts["long"] = await ServeAsync("bob/nas", Bob.Device("nas").Namespace);
        longOutside = await ServeAsync("outside", Net.Stun);

        async Task<Gift> ServeAsync(string name, NetworkNamespace place)
        {
            var gift = await Gift.MakeAsync(Path.Combine(copy.Directory, name.Replace('/', '-') + ".bin"), LongBytes, stop);
            Exchange.Serve(copy, name + "-echo", place);
            Child.Start(copy, name + "-slow", place.Inside("socat", $"TCP4-LISTEN:{LongPort},reuseaddr,fork", $"EXEC:{script} {gift.Path}"));
            await UntilAsync(Short, () => place.RunAsync(["ss", "-Hltn"], Short, stop), o =>
                o.Out.Contains($":{Exchange.Port} ", StringComparison.Ordinal) && o.Out.Contains($":{LongPort} ", StringComparison.Ordinal)
                    ? null : $"socat does not listen on the ports {Exchange.Port} and {LongPort} in {place.Name}");
            return gift;
        }
    }

    private async Task GatewayRestartsAsync()
    {
        tell.Begin("gateway-crash", "Alice's gateway is killed (SIGKILL) while her laptop speaks with bob's nas and with the internet, and starts again");
        alicesLan = await Capture.StartAsync(copy, "alice-lan", Alice.Gateway, "lan0", Alice.Devices[0].Namespace, "192.168.1.1", stop);
        await GatewayRestartAsync(Signals.Kill);

        tell.Begin("gateway-upgrade", "The same when it is told to stop (SIGTERM), as for an upgrade");
        await GatewayRestartAsync(Signals.Terminate);
    }

    private async Task GatewayRestartAsync(int signal)
    {
        var laptop = Alice.Devices[0];
        var before = await HomeAsync();
        var overlay = Exchange.Start(copy, $"alice/laptop-overlay-{signal}", laptop.Namespace, $"nas.bob.{Zone}");
        var internet = Exchange.Start(copy, $"alice/laptop-internet-{signal}", laptop.Namespace, Internet.StunAddress);
        var ping = Child.Start(copy, $"alice/laptop-ping-{signal}", laptop.Namespace.Inside("ping", "-n", "-i", "0.1", "-W", "1", Internet.StunAddress));
        var there = FetchSlowlyAsync(laptop, $"nas.bob.{Zone}", longThere!);
        var outside = FetchSlowlyAsync(laptop, Internet.StunAddress, longOutside!);
        await UntilAsync(Short, () => Task.FromResult(Math.Min(overlay.Count, internet.Count)), n => n >= 8 ? null : "the exchanges have not begun");

        var began = DateTimeOffset.UtcNow;
        var watch = Stopwatch.StartNew();
        await gateways["alice"].EndAsync(signal, Short, stop);
        if (breakage == Breakage.Interface)
        {
            await Alice.Gateway.IpAsync(stop, "link del ntm0", "route add unreachable 198.18.0.0/15");
        }

        var ended = watch.Elapsed;
        await StartGatewayAsync(Alice);
        var answers = watch.Elapsed;
        await UntilAsync(Patient, () => At(Alice).StatusAsync(stop), s => s.Member is { Registered: true } ? null : "alice is not registered again");
        await UntilAsync(Patient, () => At(Alice).PeerAsync("bob", stop), p => p is { Established: true } ? null : "alice's tunnel with bob is not back");
        var back = watch.Elapsed;
        var until = DateTimeOffset.UtcNow;
        tell.Say($"it ended after {ended.TotalSeconds:0.00} s, was started, answered after {answers.TotalSeconds:0.00} s, and had its tunnels again {back.TotalSeconds:0.00} s after the signal");

        // What the kernel said on the LANs while nobody attended: an error or a reset would end connections.
        var errors = new List<SeenPacket>();
        foreach (var lan in (Capture[])[alicesLan!, bobsLan!])
        {
            errors.AddRange((await lan.SinceAsync(began, stop)).Where(p => p.At <= until && IsError(p)));
        }

        tell.Say($"captured meanwhile in alice's and bob's LANs: {Teller.Count(errors.Count, "ICMP error")} or reset{(errors.Count == 1 ? "" : "s")}");
        if (errors.Count > 0)
        {
            throw new BoxFailed($"connections were told that they are over: {Flows(errors)}");
        }

        tell.Say($"bob's nas by the overlay: {await there}");
        tell.Say($"a server of the internet, past the gateway: {await outside}");
        await Settled(overlay, "with bob's nas", LongestSilence);
        await Settled(internet, "with the server of the internet", TimeSpan.FromSeconds(1.5));

        await ping.EndAsync(Signals.Interrupt, Short, stop);
        var counted = System.Text.RegularExpressions.Regex.Match(string.Join('\n', ping.Tail(5)), @"(\d+) packets transmitted, (\d+) received");
        tell.Say($"pings of the internet meanwhile: {counted.Value}");
        if (!counted.Success || counted.Groups[1].Value != counted.Groups[2].Value)
        {
            throw new BoxFailed($"pings of the internet were lost while the gateway was away: {string.Join(" / ", ping.Tail(3))}");
        }

        var after = await HomeAsync();
        tell.Say($"as before: {after}");
        if (before != after)
        {
            throw new BoxFailed($"before it was: {before}");
        }
    }

    private static bool IsError(SeenPacket packet) => packet.Protocol switch
    {
        1 => packet.Payload.Length > 0 && packet.Payload.Span[0] is 3 or 4 or 5 or 11 or 12,
        6 => packet.Payload.Length > 13 && (packet.Payload.Span[13] & 4) != 0,
        _ => false,
    };

    /// <summary>What must be the same after a restart.</summary>
    private async Task<string> HomeAsync()
    {
        var member = (await At(Alice).StatusAsync(stop)).Member!;
        return $"{member.Node} is {member.Vip}, nas.bob.{Zone} is {await ResolveAsync(Alice.Devices[0], $"nas.bob.{Zone}")} there";
    }

    private async Task CoordinatorCrashAsync()
    {
        tell.Begin("coordinator-crash", "The coordinator is killed, the second one is stopped: nothing under way notices, and names resolve soon after it is back");
        await secondCoordinator!.EndAsync(Signals.Terminate, Short, stop);
        var exchange = await CarolsAsync("coordinator");
        await coordinator!.EndAsync(Signals.Kill, Short, stop);
        var killed = Stopwatch.StartNew();
        await StartCoordinatorAsync();
        var running = Stopwatch.StartNew();

        await Task.WhenAll(Net.Homes.Select(h => BackAsync(h, s => s.Coordinators[0], killed)));
        var back = running.Elapsed;
        await UntilAsync(Short, () => ResolveQuicklyAsync($"bob.{Zone}"), o => o.Contains("NOERROR", StringComparison.Ordinal) ? null : $"dig says {o}");
        var resolved = running.Elapsed;
        tell.Say($"it ran again {(killed.Elapsed - running.Elapsed).TotalSeconds:0.00} s after its end; {back.TotalSeconds:0.00} s later all {Net.Homes.Count} gateways had their tunnels with it, "
            + $"and {resolved.TotalSeconds:0.00} s later alice's laptop had bob.{Zone} resolved");
        if (back > ServerBack || resolved > ServerBack)
        {
            throw new BoxFailed($"that should take {ServerBack.TotalSeconds:0} s at the most");
        }

        await Settled(exchange, "of carol with bob, by the relay,", TimeSpan.FromSeconds(1.5));
    }

    private async Task RelayCrashAsync()
    {
        tell.Begin("relay-crash", "The relay is killed in the midst of what carol and bob exchange through it, and starts again");
        var exchange = await CarolsAsync("relay");
        var download = FetchSlowlyAsync(Carol.Devices[0], $"nas.bob.{Zone}", longThere!);
        await Task.Delay(TimeSpan.FromSeconds(1), stop);
        await relay!.EndAsync(Signals.Kill, Short, stop);
        var killed = Stopwatch.StartNew();
        await StartRelayAsync();
        var running = Stopwatch.StartNew();
        await Task.WhenAll(Net.Homes.Select(h => BackAsync(h, s => s.Relays[0], killed)));
        var back = running.Elapsed;
        tell.Say($"it ran again {(killed.Elapsed - running.Elapsed).TotalSeconds:0.00} s after its end, and {back.TotalSeconds:0.00} s later all {Net.Homes.Count} gateways had their tunnels with it");
        if (back > ServerBack)
        {
            throw new BoxFailed($"that should take {ServerBack.TotalSeconds:0} s at the most");
        }

        tell.Say($"carol's nas from bob's, by the relay: {await download}");
        await Settled(exchange, "of carol with bob, by the relay,", LongestSilence);
        if (await At(Carol).PeerAsync("bob", stop) is not { Established: true, Direct: false } peer)
        {
            throw new BoxFailed("carol and bob should still be on the relay");
        }

        tell.Say($"carol's gateway: {peer.Reason}");
    }

    private async Task SecondCoordinatorAsync()
    {
        tell.Begin("second-coordinator", "The second coordinator is started again and the first stopped: names resolve all the same");
        var started = Stopwatch.StartNew();
        await StartSecondCoordinatorAsync();
        var running = Stopwatch.StartNew();
        await Task.WhenAll(Net.Homes.Select(h => BackAsync(h, s => s.Coordinators[1], started)));
        tell.Say($"{running.Elapsed.TotalSeconds:0.00} s after it ran again all {Net.Homes.Count} gateways had their tunnels with both coordinators");
        await coordinator!.EndAsync(Signals.Terminate, Short, stop);
        var asked = Stopwatch.StartNew();
        var answer = await ResolveQuicklyAsync($"carol.{Zone}");
        tell.Say($"with the first stopped, alice's laptop asked for carol.{Zone}, for the first time, and had after {asked.Elapsed.TotalSeconds:0.00} s: {answer}");
        if (!answer.Contains("NOERROR", StringComparison.Ordinal))
        {
            throw new BoxFailed($"the second coordinator should have resolved carol.{Zone}");
        }

        // As it was, for whoever looks around afterwards.
        var again = Stopwatch.StartNew();
        await StartCoordinatorAsync();
        await Task.WhenAll(Net.Homes.Select(h => BackAsync(h, s => s.Coordinators[0], again)));
    }

    /// <summary>A long exchange through the relay, begun.</summary>
    private async Task<Exchange> CarolsAsync(string during)
    {
        var exchange = Exchange.Start(copy, $"carol/nas-exchange-{during}", Carol.Devices[0].Namespace, $"nas.bob.{Zone}");
        await UntilAsync(Short, () => Task.FromResult(exchange.Count), n => n >= 5 ? null : "the exchange has not begun");
        return exchange;
    }

    private async Task Settled(Exchange exchange, string with, TimeSpan longest)
    {
        // However soon all is back: that it still goes on is seen by what comes after.
        var until = exchange.Count + 10;
        await UntilAsync(Short, () => Task.FromResult(exchange.Count), n => n >= until ? null : $"the exchange {with} has ended");
        var report = await exchange.EndAsync(stop);
        tell.Say($"the exchange {with} went on: {report}");
        if (!report.InOrder || report.Count < 10 || report.Silence > longest)
        {
            throw new BoxFailed($"the exchange {with} should have gone on, with a silence of at most {longest.TotalSeconds:0.0} s");
        }
    }

    /// <summary>Waits until a home's gateway has heard of a server since it was started again.</summary>
    private Task<StatusDocument> BackAsync(Home home, Func<MemberDocument, ServerDocument> which, Stopwatch since) =>
        UntilAsync(Patient, () => At(home).StatusAsync(stop), s =>
            which(s.Member!) is { Connected: true } server && server.LastHeardMs < since.ElapsedMilliseconds
                ? null : $"{home.Name}'s gateway has not heard of {which(s.Member!).Name} since");

    /// <summary>One question of alice's laptop that is not asked again.</summary>
    private async Task<string> ResolveQuicklyAsync(string name)
    {
        var answer = await Alice.Devices[0].Namespace.RunAsync(["dig", "+noall", "+comments", "+answer", "+tries=1", "+time=3", name, "A"], Short, stop);
        var status = answer.Out.Split('\n').FirstOrDefault(l => l.Contains("status:", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf("status:", StringComparison.Ordinal) + 8)..].Split(',')[0] : "no answer";
        var address = answer.Out.Split('\n').Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(f => f.Length == 5 && f[3] == "A");
        return address is null ? status : $"{status}, {address[4]}";
    }

    /// <summary>Fetches a long file from a server that takes its time, and compares the hashes.</summary>
    private async Task<string> FetchSlowlyAsync(LanDevice here, string server, Gift gift)
    {
        var file = Path.Combine(here.Directory, $"long-{Guid.NewGuid():n}.bin");
        var outcome = await MustAsync(here.Namespace.RunAsync(
            ["curl", "-4", "-sS", "--fail", "--connect-timeout", "10", "-o", file, "-w", "%{size_download} %{time_total} %{num_connects}", $"http://{server}:{LongPort}/"],
            LongestTransfer, stop));
        var hashHere = (await MustAsync(here.Namespace.RunAsync(["sha256sum", file], Patient, stop))).Out.Split(' ')[0];
        var hashThere = (await MustAsync(Tool.RunAsync(["sha256sum", gift.Path], Patient, stop))).Out.Split(' ')[0];
        File.Delete(file);
        var numbers = outcome.Out.Trim().Split(' ');
        var sentence = $"{Teller.Size(long.Parse(numbers[0], CultureInfo.InvariantCulture))} in {double.Parse(numbers[1], CultureInfo.InvariantCulture):0.0} s on {Teller.Count(int.Parse(numbers[2], CultureInfo.InvariantCulture), "connection")} "
            + $"(a server that takes its time); SHA-256 {hashHere[..16]}... here, {hashThere[..16]}... there";
        return hashHere == hashThere ? sentence : throw new BoxFailed($"what arrived is not what was sent: {sentence}");
    }
}
