namespace Ntm.Box.Os;

/// <summary>Where this tree's built programs stand: beside their projects, in the configuration this program was built in.</summary>
internal sealed class Programs
{
    private Programs(string root, string configuration)
    {
        Root = root;
        string Built(string room, string program) => Path.Combine(root, "firmware", room, "bin", configuration, "net10.0", program);
        Coordinator = Built("Ntm.Coordinator.Host", "ntm-coordinator");
        Relay = Built("Ntm.Relay.Host", "ntm-relay");
        Gateway = Built("Ntm.Gateway", "ntm-gateway");
        Ntm = Built("Ntm.Cli", "ntm");
    }

    /// <summary>The directory of NtmGateway.sln.</summary>
    public string Root { get; }

    public string Coordinator { get; }

    public string Relay { get; }

    public string Gateway { get; }

    /// <summary>The command line tool.</summary>
    public string Ntm { get; }

    /// <summary>Those that are not built.</summary>
    public IReadOnlyList<string> Missing => [.. new[] { Coordinator, Relay, Gateway, Ntm }.Where(p => !File.Exists(p))];

    public static Programs Locate(string from)
    {
        // .../tests/Ntm.Box/bin/Release/net10.0/
        var configuration = from.Contains("/bin/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
        for (var at = new DirectoryInfo(from); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "NtmGateway.sln")))
            {
                return new Programs(at.FullName, configuration);
            }
        }

        throw new BoxFailed($"no NtmGateway.sln stands above {from}", "Run ntm-box from the tree it was built in: ./run.sh does.");
    }
}
