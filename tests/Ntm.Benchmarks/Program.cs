using Ntm.Benchmarks;

// `dotnet run -c Release --project tests/Ntm.Benchmarks -- path [options]`; needs root, wireguard-go, wireguard-tools and iperf3.
return args switch
{
    ["path", .. var options] => PathBenchmark.Run(options),
    ["cipher"] => CipherBenchmark.Run(),
    ["lanes"] => LanesBenchmark.Run(),
    ["peer", .. var options] => PathPeer.Run(options), // one end of ours, started by "path"
    ["home", .. var options] => HomePeer.Run(options), // the same with a LAN behind it
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(PathBenchmark.Usage);
    return 2;
}
