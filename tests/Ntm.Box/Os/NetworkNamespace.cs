namespace Ntm.Box.Os;

/// <summary>One named network namespace of a copy, for example nb3f2a-alice-gw.</summary>
internal readonly record struct NetworkNamespace(string Name)
{
    /// <summary>Where the files stand that `ip netns exec` lays over /etc inside.</summary>
    public string EtcDirectory => Path.Combine("/etc/netns", Name);

    public string[] Inside(params IEnumerable<string> argv) => ["ip", "netns", "exec", Name, .. argv];

    public Task<Outcome> RunAsync(IReadOnlyList<string> argv, TimeSpan limit, CancellationToken stop, string? input = null) =>
        Tool.RunAsync(Inside(argv), limit, stop, input);

    /// <summary>Carries out iproute2 commands inside, one a line; any failure is an error.</summary>
    public async Task IpAsync(CancellationToken stop, params string[] lines)
    {
        var outcome = await Tool.RunAsync(["ip", "-n", Name, "-batch", "-"], Limit, stop, string.Join('\n', lines) + "\n");
        if (!outcome.Ok)
        {
            throw new BoxFailed($"the network of {Name} could not be laid: {outcome.Sentence}");
        }
    }

    /// <summary>Applies a ruleset inside, all or nothing.</summary>
    public async Task NftAsync(string rules, CancellationToken stop)
    {
        var outcome = await RunAsync(["nft", "-f", "-"], Limit, stop, rules);
        if (!outcome.Ok)
        {
            throw new BoxFailed($"nftables in {Name} did not take its rules: {outcome.Sentence}");
        }
    }

    public async Task SysctlAsync(CancellationToken stop, params string[] settings)
    {
        var outcome = await RunAsync(["sysctl", "-qw", .. settings], Limit, stop);
        if (!outcome.Ok)
        {
            throw new BoxFailed($"kernel settings in {Name} could not be made: {outcome.Sentence}");
        }
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
}
