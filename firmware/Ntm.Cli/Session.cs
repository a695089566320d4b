using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ntm.Cli.Text;
using Ntm.Interface;

namespace Ntm.Cli;

/// <summary>One command's talk with the gateway: asks, then prints the JSON as it came or the same in words.</summary>
public sealed partial class Session(GatewayClient gateway, bool json, TextWriter output, TextWriter error)
{
    /// <summary>Shows a document.</summary>
    public Task<int> ShowAsync<T>(string path, JsonTypeInfo<T> type, Action<T, TextWriter> write, CancellationToken stop)
        where T : class => AskAsync(HttpMethod.Get, path, null, type, document =>
        {
            if (!json)
            {
                write(document, output);
            }

            return NtmCommand.Done;
        }, stop);

    public Task<int> JoinAsync(string code, string? name, CancellationToken stop) =>
        OrderAsync(HttpMethod.Post, "join", JsonSerializer.SerializeToUtf8Bytes(new JoinOrder(code, name), InterfaceJson.Wire.JoinOrder), stop);

    /// <summary>Leaves the zone the gateway is in; without <paramref name="sure"/> it only says what that would do.</summary>
    public Task<int> LeaveAsync(bool sure, CancellationToken stop) => GuardedAsync(async () =>
    {
        var answer = await gateway.SendAsync(HttpMethod.Get, "status", null, stop);
        if (!TryRead(answer, InterfaceJson.Lenient.StatusDocument, out var status, out var code))
        {
            return code;
        }

        if (status!.Member is not { } member)
        {
            await error.WriteLineAsync("ntm: This gateway is in no zone.");
            return NtmCommand.Refused;
        }

        if (!sure)
        {
            await error.WriteLineAsync(
                $"ntm: This would take {member.Node} out of {member.Zone}: no other home is reached any more, until it joins again with a new invite code. If that is wanted: ntm leave --yes");
            return NtmCommand.Refused;
        }

        return await OrderAsync(HttpMethod.Post, "leave", JsonSerializer.SerializeToUtf8Bytes(new LeaveOrder(member.Zone), InterfaceJson.Wire.LeaveOrder), stop);
    });

    /// <param name="name">Null: the one the device calls itself by.</param>
    public Task<int> PublishAsync(string? name, string device, string? ports, CancellationToken stop) =>
        OrderAsync(HttpMethod.Put, NamePath(device), JsonSerializer.SerializeToUtf8Bytes(new PublishOrder(name, ports), InterfaceJson.Wire.PublishOrder), stop);

    public Task<int> PublishSelfAsync(string? ports, CancellationToken stop) =>
        OrderAsync(HttpMethod.Put, "node/published", JsonSerializer.SerializeToUtf8Bytes(new PublishNodeOrder(ports), InterfaceJson.Wire.PublishNodeOrder), stop);

    public Task<int> PreferAsync(IReadOnlyList<string> uplinks, CancellationToken stop) =>
        OrderAsync(HttpMethod.Put, "uplinks/order", JsonSerializer.SerializeToUtf8Bytes(new PreferOrder(uplinks), InterfaceJson.Wire.PreferOrder), stop);

    /// <param name="uplink">Null: whichever is best.</param>
    public Task<int> UseAsync(string? uplink, CancellationToken stop) =>
        OrderAsync(HttpMethod.Put, "uplinks/used", JsonSerializer.SerializeToUtf8Bytes(new UseOrder(uplink), InterfaceJson.Wire.UseOrder), stop);

    public Task<int> MeterAsync(string uplink, bool metered, CancellationToken stop) => OrderAsync(
        HttpMethod.Put, $"uplinks/{Uri.EscapeDataString(uplink)}/metered", JsonSerializer.SerializeToUtf8Bytes(new MeteredOrder(metered), InterfaceJson.Wire.MeteredOrder), stop);

    public Task<int> UnpublishSelfAsync(CancellationToken stop) => OrderAsync(HttpMethod.Delete, "node/published", null, stop);

    /// <summary>The code goes to the output alone, so that it can be piped; the sentence to the error output.</summary>
    public Task<int> ShareAsync(string? device, string forWhom, string? ports, double? hours, CancellationToken stop) => AskAsync(
        HttpMethod.Post, "shares", JsonSerializer.SerializeToUtf8Bytes(new ShareOrder(device, forWhom, ports, hours), InterfaceJson.Wire.ShareOrder),
        InterfaceJson.Lenient.SharedDocument, shared =>
        {
            if (!json)
            {
                error.WriteLine(shared.Sentence);
                error.WriteLine("Hand this code over by a way you trust; there it is entered with: ntm accept CODE");
                output.WriteLine(shared.Code);
            }

            return NtmCommand.Done;
        }, stop);

    public Task<int> UnshareAsync(int id, CancellationToken stop) =>
        OrderAsync(HttpMethod.Delete, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"shares/{id}"), null, stop);

    public Task<int> AcceptAsync(string code, CancellationToken stop) =>
        OrderAsync(HttpMethod.Post, "shares/taken", JsonSerializer.SerializeToUtf8Bytes(new AcceptOrder(code), InterfaceJson.Wire.AcceptOrder), stop);

    public Task<int> DropAsync(string name, CancellationToken stop) =>
        OrderAsync(HttpMethod.Delete, $"shares/taken/{Uri.EscapeDataString(name)}", null, stop);

    public Task<int> UnpublishAsync(string nameOrMac, CancellationToken stop) =>
        OrderForAsync([nameOrMac], HttpMethod.Delete, devices => NamePath(devices[0]), stop);

    public Task<int> MergeAsync(string device, string other, CancellationToken stop) =>
        OrderForAsync([device, other], HttpMethod.Put, devices => MacPath(devices[0], devices[1]), stop);

    public Task<int> SplitAsync(string mac, CancellationToken stop) => OrderAsync(HttpMethod.Delete, MacPath(mac, mac), null, stop);

    /// <summary>Where a peer is named, --json prints that peer's document out of the list.</summary>
    public Task<int> PathsAsync(string? peer, CancellationToken stop) => GuardedAsync(async () =>
    {
        var answer = await gateway.SendAsync(HttpMethod.Get, "peers", null, stop);
        if (!TryRead(answer, InterfaceJson.Lenient.IReadOnlyListPeerDocument, out var peers, out var code))
        {
            return code;
        }

        if (peer is not null)
        {
            var chosen = peers!.Where(one => IsPeer(one, peer)).ToList();
            if (chosen.Count == 0)
            {
                await error.WriteLineAsync($"ntm: No peer is called '{peer}'. ntm peers lists the peers; one shows up when a name of its home is asked for.");
                return NtmCommand.Refused;
            }

            peers = chosen;
        }

        if (json)
        {
            await output.WriteLineAsync(peer is null ? answer.Body : Pick(answer.Body, one => one.GetProperty("publicKey").GetString() == peers![0].PublicKey));
        }
        else
        {
            PathsText.Write(peers!, output);
        }

        return NtmCommand.Done;
    });

    public Task<int> ResolveAsync(string name, CancellationToken stop) =>
        AskAsync(HttpMethod.Get, $"resolve/{Uri.EscapeDataString(name)}", null, InterfaceJson.Lenient.ResolutionDocument, found =>
        {
            if (!json)
            {
                ResolutionText.Write(found, output);
            }

            return found.Verdict == "found" ? NtmCommand.Done : NtmCommand.Refused;
        }, stop);

    private static string MacPath(string device, string other) => $"devices/{Uri.EscapeDataString(device)}/macs/{Uri.EscapeDataString(other)}";

    private static string NamePath(string device) => $"devices/{Uri.EscapeDataString(device)}/name";

    private static bool IsPeer(PeerDocument peer, string wanted) =>
        wanted.TrimEnd('.').Equals(peer.Name, StringComparison.OrdinalIgnoreCase)
        || peer.Name.StartsWith(wanted + ".", StringComparison.OrdinalIgnoreCase)
        || wanted == peer.PublicKey || wanted == peer.Vip;

    private static string Pick(string list, Func<JsonElement, bool> wanted)
    {
        using var document = JsonDocument.Parse(list);
        return document.RootElement.EnumerateArray().First(wanted).GetRawText();
    }

    /// <summary>The interface knows devices by MAC and address; names are looked up among the devices first.</summary>
    private Task<int> OrderForAsync(IReadOnlyList<string> wanted, HttpMethod method, Func<IReadOnlyList<string>, string> path, CancellationToken stop) => GuardedAsync(async () =>
    {
        var listed = await gateway.SendAsync(HttpMethod.Get, "devices", null, stop);
        if (!TryRead(listed, InterfaceJson.Lenient.IReadOnlyListDeviceDocument, out var devices, out var code))
        {
            return code;
        }

        string Known(string text) => devices!.FirstOrDefault(device =>
            text.Equals(device.Name, StringComparison.OrdinalIgnoreCase)
            || text.TrimEnd('.').Equals(device.FullName, StringComparison.OrdinalIgnoreCase))?.Mac ?? text;

        return await OrderAsync(method, path([.. wanted.Select(Known)]), null, stop);
    });

    private Task<int> OrderAsync(HttpMethod method, string path, byte[]? body, CancellationToken stop) =>
        AskAsync(method, path, body, InterfaceJson.Lenient.DoneDocument, done =>
        {
            if (!json)
            {
                output.WriteLine(done.Sentence);
            }

            return NtmCommand.Done;
        }, stop);

    /// <param name="then">Says it in words, unless JSON is wanted, and gives the exit code.</param>
    private Task<int> AskAsync<T>(
        HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type, Func<T, int> then, CancellationToken stop)
        where T : class => GuardedAsync(async () =>
        {
            var answer = await gateway.SendAsync(method, path, body, stop);
            if (!TryRead(answer, type, out var document, out var code))
            {
                return code;
            }

            if (json)
            {
                await output.WriteLineAsync(answer.Body);
            }

            return then(document!);
        });

    private async Task<int> GuardedAsync(Func<Task<int>> talk)
    {
        using (gateway)
        {
            try
            {
                return await talk();
            }
            catch (GatewayUnreachableException unreachable)
            {
                await error.WriteLineAsync($"ntm: {unreachable.Message}");
                return NtmCommand.Unreachable;
            }
            catch (OperationCanceledException)
            {
                await error.WriteLineAsync("ntm: Stopped before the gateway answered.");
                return NtmCommand.Unreachable;
            }
        }
    }

    /// <summary>Reads a good answer; prints a refusal. With --json the problem document goes to the output as it came.</summary>
    private bool TryRead<T>(GatewayAnswer answer, JsonTypeInfo<T> type, out T? document, out int code)
        where T : class
    {
        document = null;
        code = NtmCommand.Refused;
        try
        {
            if (answer.IsGood)
            {
                document = JsonSerializer.Deserialize(answer.Body, type);
                return document is not null;
            }

            if (answer.MediaType == "application/problem+json" && JsonSerializer.Deserialize(answer.Body, InterfaceJson.Lenient.ProblemDocument) is { } problem)
            {
                if (json)
                {
                    output.WriteLine(answer.Body);
                }

                error.WriteLine($"ntm: {problem.Title}.");
                error.WriteLine($"     {problem.Detail}");
                return false;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        error.WriteLine($"ntm: What answers at the socket does not speak this interface (HTTP status {answer.Status}). Is it ntm-gateway, and of version {typeof(Session).Assembly.GetName().Version?.ToString(3)} too?");
        code = NtmCommand.Unreachable;
        return false;
    }
}
