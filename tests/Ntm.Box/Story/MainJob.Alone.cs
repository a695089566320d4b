using Ntm.Box.World;

namespace Ntm.Box.Story;

// A node alone: the gateway on a laptop, for the laptop's own programs.
internal sealed partial class MainJob
{
    private Home Dave => Net.Home("dave");

    private async Task AloneAsync()
    {
        tell.Begin("node-alone", "Dave's laptop runs the gateway for itself: no LAN, no dnsmasq, behind somebody's NAT");
        var dave = await Net.AddAloneAsync("dave", Zone, NatBehaviour.OpenEnough, stop);
        await StartGatewayAsync(dave);
        await MustAsync(NtmAsync(dave, "join", await InviteAsync("--name", "dave")));
        await RegisteredAsync(dave);

        var laptop = new LanDevice("laptop", "", dave.Gateway, dave.Directory);
        var name = $"nas.bob.{Zone}";
        var alias = await ResolveAsync(laptop, name);
        var virtualAddress = await MustAsync(dave.Gateway.RunAsync(["dig", "+short", "+tries=3", "+time=3", name, "AAAA"], Patient, stop));
        var hello = await MustAsync(dave.Gateway.RunAsync(["curl", "-sS", "--fail", "--max-time", "10", "-w", "from %{remote_ip}", $"http://{name}/hello.txt"], Patient, stop));
        var hello4 = await MustAsync(dave.Gateway.RunAsync(["curl", "-4", "-sS", "--fail", "--max-time", "10", "-w", "from %{remote_ip}", $"http://{name}/hello.txt"], Patient, stop));
        tell.Say($"its own programs ask its gateway (nameserver 127.0.0.1): {name} is {alias} and {virtualAddress.Out.Trim()}");
        tell.Say($"curl there printed: {hello.Out.Trim().Replace("\n", ", ", StringComparison.Ordinal)}; curl -4: {hello4.Out.Trim().Replace("\n", ", ", StringComparison.Ordinal)}");
        if (!hello.Out.Contains("hello from bob's nas", StringComparison.Ordinal) || !hello4.Out.Contains($"from {alias}", StringComparison.Ordinal)
            || !hello.Out.Contains($"from {virtualAddress.Out.Trim()}", StringComparison.Ordinal))
        {
            throw new BoxFailed("curl on dave's laptop should have got the greeting from the virtual address and from the alias");
        }

        var peer = await UntilAsync(Patient, () => At(dave).PeerAsync("bob", stop), p =>
            p is { Established: true, Direct: true } ? null : $"dave's gateway uses no direct path to bob: {Describe(p)}");
        tell.Say($"dave's gateway: {peer!.Reason}");

        var asker = Alice.Devices[0];
        var ping = await MustAsync(asker.Namespace.RunAsync(["ping", "-4", "-n", "-c", "3", "-i", "0.2", "-W", "2", $"dave.{Zone}"], Patient, stop));
        tell.Say($"alice's laptop pings dave.{Zone}: {ping.Out.Split('\n').First(l => l.Contains("packets transmitted", StringComparison.Ordinal)).Trim()}");
        if (!ping.Out.Contains("3 received", StringComparison.Ordinal))
        {
            throw new BoxFailed($"not all of 3 pings to dave.{Zone} were answered");
        }

        Directory.CreateDirectory(Path.Combine(dave.Directory, "www"));
        var server = Os.Child.Start(copy, "dave/httpd", dave.Gateway.Inside("busybox", "httpd", "-f", "-p", "80", "-h", Path.Combine(dave.Directory, "www")));
        await UntilAsync(Short, () => dave.Gateway.RunAsync(["ss", "-Hltn"], Short, stop), o => o.Out.Contains(":80 ", StringComparison.Ordinal) ? null : $"dave's web server does not listen ({server.State})");
        var closed = await asker.Namespace.RunAsync(["curl", "-4", "-sS", "--max-time", "3", "-o", "/dev/null", $"http://dave.{Zone}/"], Short, stop);
        tell.Say($"but a web server on it, which nobody published, alice's laptop does not reach: {closed.Err.Trim()}");
        if (closed.Ok)
        {
            throw new BoxFailed("dave's web server is not published and was reached all the same");
        }

        await server.StopAsync(TimeSpan.FromSeconds(2));
    }
}
