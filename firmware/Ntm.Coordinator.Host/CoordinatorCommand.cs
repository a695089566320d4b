using System.CommandLine;
using Ntm.Coordinator.Host.Naming;
using Ntm.Hosting;
using Ntm.Protocol;

namespace Ntm.Coordinator.Host;

/// <summary>`ntm-coordinator`'s command line.</summary>
public static class CoordinatorCommand
{
    public const string Program = "ntm-coordinator";

    public static RootCommand Root() =>
        new("A coordinator of an NTM zone: holds registrations and directs routes.") { Init(), Invite(), Nodes(), Owner(), Run(), Record(), Find() };

    private static Command Init()
    {
        var zone = new Option<string>("--zone") { Description = "The zone's name, for example home.example", HelpName = "ZONE", Required = true };
        var data = new Option<string>("--data") { Description = "The folder to make, for keys, configuration and store", HelpName = "DIR", Required = true };
        var endpoint = new Option<string[]>("--endpoint")
        {
            Description = "Address and UDP port at which nodes reach this coordinator, for example 203.0.113.10:4916; may be repeated",
            HelpName = "ADDRESS:PORT",
            Required = true,
        };
        var name = new Option<string>("--name") { Description = "The coordinator's own name in the zone", HelpName = "NAME", DefaultValueFactory = _ => "coordinator" };
        var port = new Option<int?>("--port") { Description = "UDP port to listen on. Default: the first endpoint's", HelpName = "PORT" };
        var ownerKey = new Option<string?>("--owner-key")
        {
            Description = "The owner key of a zone that has a coordinator already: this one becomes another. Default: a new zone with a new owner key",
            HelpName = "FILE",
        };
        var dns = new Option<string[]>("--dns")
        {
            Description = "Address and port at which it answers for the zone in the public DNS, for example 203.0.113.10:53; may be repeated. Default: it does not",
            HelpName = "ADDRESS:PORT",
            DefaultValueFactory = _ => [],
        };
        var init = new Command("init", "Begin a zone, or make another coordinator for one: its keys and its configuration")
        {
            zone, data, endpoint, name, port, ownerKey, dns,
        };
        init.SetAction(parsed =>
        {
            var made = ZoneFolder.Make(
                parsed.GetRequiredValue(data), parsed.GetRequiredValue(zone), parsed.GetRequiredValue(name), parsed.GetRequiredValue(endpoint), parsed.GetValue(port),
                parsed.GetValue(ownerKey), parsed.GetValue(dns));
            parsed.InvocationConfiguration.Output.WriteLine(made);
            return (int)ExitCode.Done;
        });
        return init;
    }

    private static Command Invite()
    {
        var data = new Option<string>("--data") { Description = "The coordinator's folder", HelpName = "DIR", Required = true };
        var ownerKey = new Option<string?>("--owner-key") { Description = "The owner key. Default: owner.key in the coordinator's folder", HelpName = "FILE" };
        var relay = new Option<bool>("--relay") { Description = "For a relay instead of a node" };
        var name = new Option<string?>("--name") { Description = "The name it must take. Default: its own choice", HelpName = "NAME" };
        var days = new Option<int>("--days") { Description = "Days until the invite expires, 1 to 365", HelpName = "N", DefaultValueFactory = _ => 7 };
        var also = new Option<string[]>("--also")
        {
            Description = "Another coordinator of the zone, as its 'init' printed it; may be repeated",
            HelpName = "KEY@ADDRESS:PORT",
            DefaultValueFactory = _ => [],
        };
        var qr = new Option<bool>("--qr") { Description = "Print it as a QR code for a terminal, too" };
        var console = new Option<string?>("--console")
        {
            Description = "With --qr: let the QR code open the gateway's console, at this host and port, with the invite filled in",
            HelpName = "HOST[:PORT]",
        };
        var invite = new Command("invite", "Print an invite code: one node or relay can join with it, once. The coordinator need not run")
        {
            data, ownerKey, relay, name, days, also, qr, console,
        };
        invite.SetAction(parsed =>
        {
            var at = parsed.GetValue(console);
            if (at is not null && (!parsed.GetValue(qr) || !Uri.TryCreate($"http://{at}/", UriKind.Absolute, out var door) || door.Authority != at))
            {
                throw new FatalException(ExitCode.Usage, $"--console goes with --qr and must be a host, such as 127.0.0.1:8080 or gateway.lan, but is '{at}'.");
            }

            var code = InviteMaking.Make(
                parsed.GetRequiredValue(data), parsed.GetValue(ownerKey), parsed.GetValue(relay), parsed.GetValue(name), parsed.GetValue(days), DateTimeOffset.UtcNow,
                parsed.GetValue(also) ?? []);
            parsed.InvocationConfiguration.Output.WriteLine(code);
            if (parsed.GetValue(qr))
            {
                parsed.InvocationConfiguration.Output.Write("\n" + QrPicture.Draw(at is null ? code : $"http://{at}/#join={code}", colours: !Console.IsOutputRedirected));
            }

            return (int)ExitCode.Done;
        });
        return invite;
    }

    private static Command Nodes()
    {
        var data = new Option<string>("--data") { Description = "The coordinator's folder", HelpName = "DIR", Required = true };
        var ownerKey = new Option<string?>("--owner-key") { Description = "The owner key. Default: owner.key in the coordinator's folder", HelpName = "FILE" };
        var name = new Argument<string>("name") { Description = "The node or relay to take out of the zone", HelpName = "NAME" };
        var remove = new Command("remove", "Take a node or relay out of the zone, by the owner key; its name is free again. Whether the coordinator runs or not")
        {
            name, data, ownerKey,
        };
        remove.SetAction(async (parsed, cancel) =>
        {
            var said = await NodeRemoval.RemoveAsync(
                parsed.GetRequiredValue(data), parsed.GetValue(ownerKey), parsed.GetRequiredValue(name), DateTimeOffset.UtcNow, TimeSpan.FromSeconds(5), cancel)
                .ConfigureAwait(false);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(said).ConfigureAwait(false);
            return (int)ExitCode.Done;
        });
        var listed = new Option<string?>("--data") { Description = "The coordinator's folder", HelpName = "DIR" };
        var nodes = new Command("nodes", "List the zone's nodes and relays, as the coordinator last saw them; or take one out") { listed, remove };
        nodes.SetAction(parsed =>
        {
            var folder = parsed.GetValue(listed) ?? throw new FatalException(ExitCode.Usage, "--data is missing: name the coordinator's folder.");
            parsed.InvocationConfiguration.Output.WriteLine(NodeRemoval.List(folder));
            return (int)ExitCode.Done;
        });
        return nodes;
    }

    private static Command Owner()
    {
        var data = new Option<string>("--data") { Description = "The coordinator's folder", HelpName = "DIR", Required = true };
        var ownerKey = new Option<string?>("--owner-key")
        {
            Description = "The new owner key, made at another coordinator of the zone. Default: make one here",
            HelpName = "FILE",
        };
        var rotate = new Command("rotate", "Give the zone another owner key: the old one is lost, or others may have it. All must be invited again. The coordinator must not run")
        {
            data, ownerKey,
        };
        rotate.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(
                OwnerRotation.Rotate(parsed.GetRequiredValue(data), parsed.GetValue(ownerKey), DateTimeOffset.UtcNow));
            return (int)ExitCode.Done;
        });
        return new Command("owner", "The zone's owner key") { rotate };
    }

    private static Command Run()
    {
        var config = new Option<string>("--config") { Description = "The configuration that 'init' made: DIR/coordinator.json", HelpName = "FILE", Required = true };
        var run = new Command("run", "Run the coordinator until it is stopped") { config };
        run.SetAction((parsed, cancel) => RunningCoordinator.RunAsync(CoordinatorConfig.Read(parsed.GetRequiredValue(config)), cancel));
        return run;
    }

    private static Command Record()
    {
        var data = new Option<string>("--data") { Description = "The coordinator's folder", HelpName = "DIR", Required = true };
        var record = new Command("record", "Print the zone's NTM record for a DNS server's zone file, and the parent zone's delegation. The coordinator need not run") { data };
        record.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(RecordPrinting.Make(parsed.GetRequiredValue(data)));
            return (int)ExitCode.Done;
        });
        return record;
    }

    private static Command Find()
    {
        var zone = new Argument<string>("ZONE") { Description = "The zone, for example home.example" };
        var resolver = new Option<string?>("--resolver") { Description = "Whom to ask. Default: the system's resolvers", HelpName = "ADDRESS[:PORT]" };
        var data = new Option<string?>("--data") { Description = "A coordinator's folder: asks whom its configuration says", HelpName = "DIR" };
        var find = new Command("find", "Find a zone's NTM record in the DNS, as coordinators of other zones do") { zone, resolver, data };
        find.SetAction(async (parsed, cancel) =>
        {
            parsed.InvocationConfiguration.Output.Write(
                await RecordFinding.FindAsync(parsed.GetRequiredValue(zone), parsed.GetValue(resolver), parsed.GetValue(data), cancel));
            return (int)ExitCode.Done;
        });
        return find;
    }
}
