using System.Globalization;
using Ntm.Box.Os;
using Ntm.Box.World;
using Ntm.Interface;

namespace Ntm.Box.Story;

// Homes meet: names, the relayed start, the change-over to a direct path, and the pair that has to stay on the relay.
internal sealed partial class MainJob
{
    /// <summary>What a download showed. The hashes were made by sha256sum, each at its own end.</summary>
    private sealed record Download(string From, string Address, long Bytes, double Seconds, string HashThere, string HashHere)
    {
        public string Sentence =>
            $"{Teller.Size(Bytes)} from {From} ({Address}) in {Seconds:0.00} s ({Bytes * 8 / Seconds / 1e6:0} Mb/s); SHA-256 {HashHere[..16]}... here, {HashThere[..16]}... there";
    }

    /// <summary>Tunnel data (WireGuard type 4) between two homes, by the way it took.</summary>
    private readonly record struct Ways(int DirectPackets, long DirectBytes, int RelayPackets, long RelayBytes)
    {
        public override string ToString() =>
            $"{Teller.Count(DirectPackets, "sealed datagram")} ({Teller.Size(DirectBytes)}) directly, {Teller.Count(RelayPackets, "datagram")} ({Teller.Size(RelayBytes)}) by the relay";
    }

    private async Task NameAsync()
    {
        tell.Begin("name", "Alice's laptop asks for bob's nas by name (dig, through its DHCP-given name server)");
        nameAsked = DateTimeOffset.UtcNow;
        var alias = await ResolveAsync(Alice.Devices[0], $"nas.bob.{Zone}");
        var back = await MustAsync(Alice.Devices[0].Namespace.RunAsync(["dig", "+short", "+tries=2", "+time=3", "-x", alias], Short, stop));
        tell.Say($"nas.bob.{Zone} is {alias}, and {alias} is {(back.Out.Trim() is { Length: > 0 } name ? name : "nothing")}");
        if (back.Out.Trim() != $"nas.bob.{Zone}.")
        {
            throw new BoxFailed($"the alias {alias} should lead back to nas.bob.{Zone}., and dig -x said '{back.Out.Trim()}'");
        }
    }

    private async Task<string> ResolveAsync(LanDevice asker, string name)
    {
        var answer = await MustAsync(asker.Namespace.RunAsync(["dig", "+noall", "+answer", "+comments", "+tries=3", "+time=3", name, "A"], Patient, stop));
        var fields = answer.Out.Split('\n').Select(l => l.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(f => f.Length == 5 && f[3] == "A");
        if (fields is null || !(fields[4].StartsWith("198.18.", StringComparison.Ordinal) || fields[4].StartsWith("198.19.", StringComparison.Ordinal)))
        {
            throw new BoxFailed($"{name} should be an alias in 198.18.0.0/15; dig in {asker.Namespace.Name} said: {(fields is null ? Answer(answer) : fields[4])}");
        }

        return fields[4];
    }

    private async Task FirstContactAsync()
    {
        tell.Begin("first-contact", "The first packets: by the relay, at once");
        var hello = await MustAsync(Alice.Devices[0].Namespace.RunAsync(["curl", "-sS", "--fail", "--max-time", "10", $"http://nas.bob.{Zone}/hello.txt"], Patient, stop));
        var packets = await wire!.SinceAsync(nameAsked, stop);
        tell.Say($"curl http://nas.bob.{Zone}/hello.txt printed: {hello.Out.Trim()}");

        var data = packets.Where(p => p.TunnelType == 4).ToList();
        var relayed = data.FirstOrDefault(p => p.Channel != 0 && p.Between(Alice.PublicAddress, Internet.RelayAddress));
        var onwards = data.FirstOrDefault(p => p.Channel != 0 && p.Between(Bob.PublicAddress, Internet.RelayAddress));
        var direct = data.FirstOrDefault(p => p.Between(Alice.PublicAddress, Bob.PublicAddress));
        if (relayed.Source is null || onwards.Source is null)
        {
            throw new BoxFailed("no sealed datagram on a relay channel was captured between the relay and both homes", "What was: " + Flows(packets));
        }

        string After(SeenPacket p) => $"{(p.At - nameAsked).TotalMilliseconds:0} ms after the name was asked for";
        tell.Say($"captured: the first sealed data between alice and the relay (channel {relayed.Channel}) {After(relayed)}, between the relay and bob (channel {onwards.Channel}) {After(onwards)}");
        tell.Say(direct.Source is null ? "captured: none directly between the two yet" : $"captured: the first directly between the two {After(direct)}");
        if (direct.Source is not null && direct.At < relayed.At)
        {
            throw new BoxFailed("the first sealed data went directly, not by the relay");
        }
    }

    private async Task DirectAsync()
    {
        tell.Begin("direct", "Alice and bob: the direct path takes over, found from both sides");
        await GoesDirectAsync(Alice, Bob);
    }

    private async Task GoesDirectAsync(Home here, Home there)
    {
        var peer = await UntilAsync(Patient, () => At(here).PeerAsync(there.Name, stop), p =>
            p is { Established: true, Direct: true } && p.Paths.Any(x => x.State == "used" && x.Channel == 0)
                ? null : $"{here.Name}'s gateway uses no direct path to {there.Name}: {Describe(p)}");
        var used = peer!.Paths.First(p => p.State == "used");
        tell.Say($"{here.Name}'s gateway uses {used.Address} ({used.Kind}{(used.RoundTripMs is { } ms ? $", {ms:0.0} ms" : "")}): {peer.Reason}");
        if (!used.Address.StartsWith(there.PublicAddress + ":", StringComparison.Ordinal))
        {
            throw new BoxFailed($"the direct path should lead to {there.Name}'s NAT at {there.PublicAddress}, and leads to {used.Address}");
        }

        var since = DateTimeOffset.UtcNow;
        var download = await FetchAsync(here.Devices[0], there);
        var ways = Between(here, there, await wire!.SinceAsync(since, stop));
        tell.Say($"{here.Name}'s {here.Devices[0].Name}: {download.Sentence}");
        tell.Say($"captured meanwhile between {here.PublicAddress} and {there.PublicAddress}: {ways}");
        if (ways.DirectBytes < download.Bytes || ways.RelayBytes > download.Bytes / 50)
        {
            throw new BoxFailed($"{download.Bytes:#,0} bytes were fetched, but not by the direct path: {ways}");
        }
    }

    private async Task StaysRelayedAsync(Home here, Home there)
    {
        var alias = await ResolveAsync(here.Devices[0], $"nas.{there.Name}.{Zone}");
        var since = DateTimeOffset.UtcNow;
        var download = await FetchAsync(here.Devices[0], there);
        tell.Say($"{here.Name}'s {here.Devices[0].Name} ({alias}): {download.Sentence}");

        // All rounds of checks are over after this; a direct path that could be found would have been.
        await Task.Delay(TimeSpan.FromSeconds(2), stop);
        var again = await FetchAsync(here.Devices[0], there);
        var ways = Between(here, there, await wire!.SinceAsync(since, stop));
        var peer = await At(here).PeerAsync(there.Name, stop);
        tell.Say($"captured meanwhile between {here.PublicAddress} and {there.PublicAddress}: {ways}");
        if (peer is not { Established: true, Direct: false } || !peer.Paths.Any(p => p.State == "used" && p.Channel != 0))
        {
            throw new BoxFailed($"{here.Name}'s gateway should reach {there.Name} by the relay: {Describe(peer)}");
        }

        tell.Say($"{here.Name}'s gateway stays on the relay: {peer.Reason}");
        if (ways.RelayBytes < download.Bytes + again.Bytes || ways.DirectPackets > 0)
        {
            throw new BoxFailed($"two symmetric NATs should leave only the relay, and the capture has {ways}");
        }
    }

    /// <summary>Downloads a home's gift by name, and hashes it at both ends.</summary>
    private async Task<Download> FetchAsync(LanDevice here, Home there)
    {
        var gift = gifts[there.Name];
        var name = $"nas.{there.Name}.{Zone}";
        var file = Path.Combine(here.Directory, $"from-{there.Name}.bin");
        var outcome = await MustAsync(here.Namespace.RunAsync(
            ["curl", "-sS", "--fail", "--connect-timeout", "10", "--max-time", "90", "-o", file, "-w", "%{size_download} %{time_total} %{remote_ip}", $"http://{name}/gift.bin"],
            TimeSpan.FromSeconds(100), stop));
        var numbers = outcome.Out.Trim().Split(' ');
        if (breakage == Breakage.File)
        {
            await File.AppendAllTextAsync(gift.Path, "x", stop);
        }

        var hashHere = await MustAsync(here.Namespace.RunAsync(["sha256sum", file], Patient, stop));
        var hashThere = await MustAsync(there.Device("nas").Namespace.RunAsync(["sha256sum", gift.Path], Patient, stop));
        File.Delete(file);
        var download = new Download(
            name, numbers[2], long.Parse(numbers[0], CultureInfo.InvariantCulture), double.Parse(numbers[1], CultureInfo.InvariantCulture),
            hashThere.Out.Split(' ')[0], hashHere.Out.Split(' ')[0]);
        return download.HashHere == download.HashThere
            ? download
            : throw new BoxFailed($"what arrived is not what was sent: {download.Sentence}");
    }

    private static Ways Between(Home a, Home b, IReadOnlyList<SeenPacket> packets)
    {
        var data = packets.Where(p => p.TunnelType == 4).ToList();
        var direct = data.Where(p => p.Between(a.PublicAddress, b.PublicAddress)).ToList();

        // A relayed datagram passes twice; the leg to the home that fetches counts. Channel 0 is a home's own tunnel with the relay.
        var relayed = data.Where(p => p.Channel != 0 && p.Between(a.PublicAddress, Internet.RelayAddress)).ToList();
        return new Ways(direct.Count, direct.Sum(p => (long)p.Length), relayed.Count, relayed.Sum(p => (long)p.Length));
    }

    private static string Flows(IReadOnlyList<SeenPacket> packets) =>
        packets.Count == 0 ? "nothing at all" : string.Join("; ", packets
            .GroupBy(p => $"{p.Source} -> {p.Destination} type {p.TunnelType} channel {p.Channel}")
            .Select(g => $"{g.Key}: {g.Count()}").Take(12));
}
