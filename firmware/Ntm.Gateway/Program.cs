using System.CommandLine;
using Ntm.Gateway;
using Ntm.Hosting;

// The commands of `ntm-gateway`. Exit codes: 0 stopped as told; 2 something is wrong that the owner can mend, said in a sentence each; 70 a defect.

var config = new Option<string>("--config") { Description = "The gateway's configuration, JSON (docs/operations.md)", HelpName = "FILE", Required = true };
var run = new Command("run", "Run the gateway until SIGTERM or Ctrl-C") { config };
run.SetAction(async (parsed, stop) =>
{
    var read = GatewayConfig.Read(parsed.GetRequiredValue(config));
    using var log = Logs.Create(read.Log);
    using var appliance = new Appliance(read, log);
    await appliance.RunAsync(stop);
    return 0;
});

var code = await Fatal.InvokeAsync("ntm-gateway", new RootCommand("The NTM Gateway: an NTMobile router for a home.") { run }, args);
return (ExitCode)code is ExitCode.Done or ExitCode.Bug ? code : 2;
