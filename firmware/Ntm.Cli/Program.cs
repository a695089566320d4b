using Ntm.Cli;

return await NtmCommand.RunAsync(args, Console.Out, Console.Error, Environment.GetEnvironmentVariable);
