using Ntm.Benchmarks;
using Ntm.Benchmarks.Relaying;
using Ntm.Benchmarks.Scaling;

// `dotnet run -c Release --project tests/Ntm.Benchmarks -- path [options]`; needs root, wireguard-go, wireguard-tools and iperf3.
return args switch
{
    ["path", .. var options] => PathBenchmark.Run(options),
    ["relay", .. var options] => RelayBenchmark.Run(options),
    ["relay-peer", .. var options] => RelayPeer.Run(options), // a relay, started by "relay"
    ["node-peer", .. var options] => NodePeer.Run(options), // a node that registers at it
    ["scale", .. var options] => ScaleBenchmark.Run(options),
    ["hub-peer", .. var options] => HubPeer.Run(options), // a node with many peers
    ["cipher"] => CipherBenchmark.Run(),
    ["peer", .. var options] => PathPeer.Run(options), // one end of ours, started by "path"
    ["home", .. var options] => HomePeer.Run(options), // the same with a LAN behind it
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(PathBenchmark.Usage);
    return 2;
}
