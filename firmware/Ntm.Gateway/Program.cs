using System.CommandLine;
using Ntm.Gateway;
using Ntm.Hosting;

// The commands of `ntm-gateway`. Exit codes: Ntm.Hosting's ExitCode, as the coordinator's and the relay's.

var config = new Option<string>("--config") { Description = "The gateway's configuration, JSON (docs/operations.md)", HelpName = "FILE", Required = true };
var run = new Command("run", "Run the gateway until SIGTERM or Ctrl-C") { config };
run.SetAction(async (parsed, stop) =>
{
    var read = GatewayConfig.Read(parsed.GetRequiredValue(config));
    using var log = Logs.Create(read.Log);
    using var appliance = new Appliance(read, log);
    await appliance.RunAsync(stop);
    return (int)ExitCode.Done;
});

return await Fatal.InvokeAsync("ntm-gateway", new RootCommand("The NTM Gateway: an NTMobile router for a home.") { run }, args);
