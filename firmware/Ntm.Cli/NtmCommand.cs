using System.CommandLine;
using Ntm.Cli.Text;
using Ntm.Interface;

namespace Ntm.Cli;

/// <summary>
/// `ntm`: the owner's hand on the gateway. It speaks only the documented HTTP interface over its Unix socket, prints what comes back, and
/// decides nothing. Exit codes: 0 done; 1 the gateway refused, or the name was not found; 2 the gateway cannot be reached, or the command line is wrong.
/// </summary>
public static class NtmCommand
{
    public const string DefaultSocket = "/run/ntm-gateway/gateway.sock";
    public const string SocketVariable = "NTM_SOCKET";

    public const int Done = 0;
    public const int Refused = 1;
    public const int Unreachable = 2;

    /// <param name="environment">Reads a variable; null where it is not set.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, Func<string, string?> environment)
    {
        var socket = new Option<string?>("--socket")
        {
            Description = $"The gateway's socket. Default: ${SocketVariable}, else {DefaultSocket}",
            HelpName = "FILE",
            Recursive = true,
        };
        var json = new Option<bool>("--json") { Description = "Print the interface's JSON as it came", Recursive = true };
        var root = new RootCommand("Talks to the NTM Gateway of this home.") { socket, json };

        Session Open(ParseResult parsed) => new(
            new GatewayClient(parsed.GetValue(socket) ?? (environment(SocketVariable) is { Length: > 0 } set ? set : DefaultSocket)),
            parsed.GetValue(json), output, error);

        var code = new Argument<string>("CODE") { Description = "The invite code, ntm1..., as ntm-coordinator invite printed it" };
        var nodeName = new Option<string?>("--name") { Description = "The name this home is to have in the zone, where the invite leaves it open", HelpName = "N" };
        var join = new Command("join", "Join a zone with an invite code") { code, nodeName };
        join.SetAction((parsed, stop) => Open(parsed).JoinAsync(parsed.GetRequiredValue(code), parsed.GetValue(nodeName), stop));

        var sure = new Option<bool>("--yes") { Description = "Do it; without this it only says what it would do" };
        var leave = new Command("leave", "Leave the zone. Devices keep their names and numbers") { sure };
        leave.SetAction((parsed, stop) => Open(parsed).LeaveAsync(parsed.GetValue(sure), stop));

        var status = new Command("status", "This gateway: membership, servers, uplinks");
        status.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("status", InterfaceJson.Lenient.StatusDocument, StatusText.Write, stop));

        var devices = new Command("devices", "The machines of this home and the names they are published by");
        devices.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("devices", InterfaceJson.Lenient.IReadOnlyListDeviceDocument, DevicesText.Write, stop));

        var peers = new Command("peers", "The other homes this gateway has tunnels with");
        peers.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("peers", InterfaceJson.Lenient.IReadOnlyListPeerDocument, PeersText.Write, stop));

        var peer = new Argument<string?>("PEER") { Description = "A peer's name; all peers where left out", Arity = ArgumentArity.ZeroOrOne };
        var paths = new Command("paths", "The ways to each peer, which one is used, and why") { peer };
        paths.SetAction((parsed, stop) => Open(parsed).PathsAsync(parsed.GetValue(peer), stop));

        var label = new Argument<string>("NAME") { Description = "The name the device is to have: nas becomes nas.<this home>.<zone>" };
        var device = new Argument<string>("MAC-OR-IP") { Description = "The device, by its MAC address or by an address it has in this home" };
        var publish = new Command("publish", "Let the zone's other homes reach a device, by a name") { label, device };
        publish.SetAction((parsed, stop) => Open(parsed).PublishAsync(parsed.GetRequiredValue(label), parsed.GetRequiredValue(device), stop));

        var published = new Argument<string>("NAME-OR-MAC") { Description = "The device, by its name, MAC address or address" };
        var unpublish = new Command("unpublish", "Take a device's name away; from then on it is not reachable from outside") { published };
        unpublish.SetAction((parsed, stop) => Open(parsed).UnpublishAsync(parsed.GetRequiredValue(published), stop));

        var name = new Argument<string>("NAME") { Description = "A full name: nas.bob.home.example" };
        var resolve = new Command("resolve", "Ask for a name as a device of this home would") { name };
        resolve.SetAction((parsed, stop) => Open(parsed).ResolveAsync(parsed.GetRequiredValue(name), stop));

        foreach (var command in (Command[])[join, leave, status, devices, peers, paths, publish, unpublish, resolve])
        {
            root.Add(command);
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var wrong in parsed.Errors)
            {
                await error.WriteLineAsync($"ntm: {wrong.Message}");
            }

            await error.WriteLineAsync("Try: ntm --help");
            return Unreachable;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
    }
}
