using System.Runtime.Versioning;

// Network namespaces are Linux's.
[assembly: SupportedOSPlatform("linux")]

return await Ntm.Box.BoxCommand.RunAsync(args);
