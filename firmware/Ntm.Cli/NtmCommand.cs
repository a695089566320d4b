using System.CommandLine;
using System.Net;
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

        var uplinks = new Command("uplinks", "This gateway's ways out: how each is, which one is used, what it is behind");
        uplinks.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("uplinks", InterfaceJson.Lenient.IReadOnlyListUplinkDocument, UplinksText.Write, stop));

        UplinkCommands.AddTo(uplinks, Open);

        var devices = new Command("devices", "The machines of this home and the names they are published by");
        devices.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("devices", InterfaceJson.Lenient.IReadOnlyListDeviceDocument, DevicesText.Write, stop));

        var kept = new Argument<string>("DEVICE") { Description = "The device whose number it is to be, by its name, MAC address or address" };
        var merged = new Argument<string>("OTHER") { Description = "What is the same machine, likewise" };
        var merge = new Command("merge", "Say that two MAC addresses are one machine: it is then reached by either") { kept, merged };
        merge.SetAction((parsed, stop) => Open(parsed).MergeAsync(parsed.GetRequiredValue(kept), parsed.GetRequiredValue(merged), stop));
        devices.Add(merge);

        var off = new Argument<string>("MAC") { Description = "The MAC address that is no longer that machine's" };
        var split = new Command("split", "Take a MAC address off the machine it was merged with; number and name stay with the others") { off };
        split.SetAction((parsed, stop) => Open(parsed).SplitAsync(parsed.GetRequiredValue(off), stop));
        devices.Add(split);

        var peers = new Command("peers", "The other homes this gateway has tunnels with");
        peers.SetAction((parsed, stop) =>
            Open(parsed).ShowAsync("peers", InterfaceJson.Lenient.IReadOnlyListPeerDocument, PeersText.Write, stop));

        var peer = new Argument<string?>("PEER") { Description = "A peer's name; all peers where left out", Arity = ArgumentArity.ZeroOrOne };
        var paths = new Command("paths", "The ways to each peer, which one is used, and why") { peer };
        paths.SetAction((parsed, stop) => Open(parsed).PathsAsync(parsed.GetValue(peer), stop));

        var what = new Argument<string[]>("[NAME] MAC-OR-IP")
        {
            Description = "The name the device is to have (nas becomes nas.<this home>.<zone>; where left out: what the device calls itself), and the device, by its MAC address or by an address it has in this home",
            Arity = new ArgumentArity(1, 2),
        };
        what.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var only }] && !IsMacOrAddress(only))
            {
                result.AddError($"'{only}' is neither a MAC address nor an address: name the device that is to be published, too.");
            }
        });
        var ports = new Option<string?>("--ports") { Description = "What of it may be reached, such as tcp/445,udp/5000-5010; all where left out", HelpName = "PORTS" };
        var publish = new Command("publish", "Let the zone's other homes reach a device, by a name") { what, ports };
        publish.SetAction((parsed, stop) => parsed.GetRequiredValue(what) is var words && words.Length == 1
            ? Open(parsed).PublishAsync(null, words[0], parsed.GetValue(ports), stop)
            : Open(parsed).PublishAsync(words[0], words[1], parsed.GetValue(ports), stop));

        var published = new Argument<string>("NAME-OR-MAC") { Description = "The device, by its name, MAC address or address" };
        var unpublish = new Command("unpublish", "Take a device's name away; from then on it is not reachable from outside") { published };
        unpublish.SetAction((parsed, stop) => Open(parsed).UnpublishAsync(parsed.GetRequiredValue(published), stop));

        var publishSelf = new Command("publish-self", "Let the zone's other homes reach services of this gateway itself, by its own name") { ports };
        publishSelf.SetAction((parsed, stop) => Open(parsed).PublishSelfAsync(parsed.GetValue(ports), stop));
        var unpublishSelf = new Command("unpublish-self", "Services of this gateway itself are not reachable from outside any more");
        unpublishSelf.SetAction((parsed, stop) => Open(parsed).UnpublishSelfAsync(stop));

        var sharedName = new Argument<string?>("NAME") { Description = "A published device's name; this gateway itself where left out", Arity = ArgumentArity.ZeroOrOne };
        var forWhom = new Option<string>("--for") { Description = "For whom it is, in your words; how you find it again", HelpName = "WHO", Required = true };
        var days = new Option<double?>("--days") { Description = "How many days it lasts; 7 where left out", HelpName = "N" };
        var share = new Command("share", "Let another owner's home reach a published device: prints a code for them") { sharedName, forWhom, ports, days };
        share.SetAction((parsed, stop) => Open(parsed).ShareAsync(
            parsed.GetValue(sharedName), parsed.GetRequiredValue(forWhom), parsed.GetValue(ports), parsed.GetValue(days) * 24, stop));
        var shares = new Command("shares", "What is shared with other owners, both ways");
        shares.SetAction((parsed, stop) => Open(parsed).ShowAsync("shares", InterfaceJson.Lenient.SharesDocument, SharesText.Write, stop));
        var id = new Argument<int>("NUMBER") { Description = "The share's number, as ntm shares lists it" };
        var unshare = new Command("unshare", "Take a share back: its connections end at once") { id };
        unshare.SetAction((parsed, stop) => Open(parsed).UnshareAsync(parsed.GetRequiredValue(id), stop));
        var shareCode = new Argument<string>("CODE") { Description = "The share code, ntms1..., that the other owner handed over" };
        var accept = new Command("accept", "Accept another owner's share") { shareCode };
        accept.SetAction((parsed, stop) => Open(parsed).AcceptAsync(parsed.GetRequiredValue(shareCode), stop));
        var dropped = new Argument<string>("NAME") { Description = "The shared name in full, as ntm shares lists it" };
        var drop = new Command("drop", "Give an accepted share up") { dropped };
        drop.SetAction((parsed, stop) => Open(parsed).DropAsync(parsed.GetRequiredValue(dropped), stop));

        var name = new Argument<string>("NAME") { Description = "A full name: nas.bob.home.example" };
        var resolve = new Command("resolve", "Ask for a name as a device of this home would") { name };
        resolve.SetAction((parsed, stop) => Open(parsed).ResolveAsync(parsed.GetRequiredValue(name), stop));

        foreach (var command in (Command[])[join, leave, status, uplinks, .. HandoverCommands.Make(Open), devices, peers, paths, publish, unpublish, publishSelf, unpublishSelf, share, shares, unshare, accept, drop, resolve])
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

    // A MAC address's form is enough here: the gateway reads it.
    private static bool IsMacOrAddress(string text) => IPAddress.TryParse(text, out _) || (text.Length == 17 && text[2] is ':' or '-');
}
