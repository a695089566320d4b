using System.CommandLine;
using Ntm.Hosting;

namespace Ntm.Relay.Host;

/// <summary>`ntm-relay`'s command line.</summary>
public static class RelayCommand
{
    public const string Program = "ntm-relay";

    public static RootCommand Root() => new("A relay of an NTM zone: forwards sealed datagrams that it cannot read.") { Join(), Run() };

    private static Command Join()
    {
        var code = new Argument<string>("code") { Description = "The invite code, from 'ntm-coordinator invite --relay'", HelpName = "CODE" };
        var name = new Option<string?>("--name") { Description = "The relay's name in the zone. Default: the invite's", HelpName = "NAME" };
        var data = new Option<string>("--data") { Description = "The folder to make, for key, configuration and store", HelpName = "DIR", Required = true };
        var endpoint = new Option<string[]>("--endpoint")
        {
            Description = "Address and UDP port at which nodes reach this relay, for example 203.0.113.11:4916; may be repeated",
            HelpName = "ADDRESS:PORT",
            Required = true,
        };
        var port = new Option<int?>("--port") { Description = "UDP port to listen on. Default: the first endpoint's", HelpName = "PORT" };
        var join = new Command("join", "Join a zone and write the configuration. The zone's coordinator must run") { code, name, data, endpoint, port };
        join.SetAction(async (parsed, cancel) =>
        {
            var done = await JoiningRelay.JoinAsync(
                parsed.GetRequiredValue(code), parsed.GetValue(name), parsed.GetRequiredValue(data), parsed.GetRequiredValue(endpoint), parsed.GetValue(port),
                cancel).ConfigureAwait(false);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(done).ConfigureAwait(false);
            return (int)ExitCode.Done;
        });
        return join;
    }

    private static Command Run()
    {
        var config = new Option<string>("--config") { Description = "The configuration that 'join' made: DIR/relay.json", HelpName = "FILE", Required = true };
        var run = new Command("run", "Run the relay until it is stopped") { config };
        run.SetAction((parsed, cancel) => RunningRelay.RunAsync(RelayConfig.Read(parsed.GetRequiredValue(config)), cancel));
        return run;
    }
}
