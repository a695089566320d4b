using Ntm.Benchmarks;
using Ntm.Benchmarks.Allocation;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Relaying;
using Ntm.Benchmarks.Scaling;

// `dotnet run -c Release --project tests/Ntm.Benchmarks -- COMMAND [options]`; tests/benchmarks.sh installs what is missing and runs them all.
try
{
    return args switch
    {
        ["path", .. var options] => PathCommand.Run(options),
        ["cipher"] => CipherBenchmark.Run(null),
        ["cipher", "--write", var page] => CipherBenchmark.Run(page),
        ["allocation"] => AllocationBenchmark.Run(null),
        ["allocation", "--write", var page] => AllocationBenchmark.Run(page),
        ["relay", .. var options] => RelayBenchmark.Run(options),
        ["scale", .. var options] => ScaleBenchmark.Run(options),
        ["lanes"] => LanesBenchmark.Run(),
        ["ring"] => RingBenchmark.Run(),
        ["peer", .. var options] => PathPeer.Run(options), // one end of ours, started by "path"
        ["null", .. var options] => NullPeer.Run(options), // the same without encryption
        ["relay-peer", .. var options] => RelayPeer.Run(options), // a relay, started by "relay"
        ["node-peer", .. var options] => NodePeer.Run(options), // a node that registers at it
        ["hub-peer", .. var options] => HubPeer.Run(options), // a node with many peers, started by "scale"
        _ => Usage(),
    };
}
catch (Exception e) when (e is InvalidOperationException or TimeoutException)
{
    // What was made is gone by now.
    Console.Error.WriteLine(e.Message);
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine(string.Join('\n', PathOptions.Usage, CipherBenchmark.Usage, AllocationBenchmark.Usage, RelayBenchmark.Usage, ScaleBenchmark.Usage, LanesBenchmark.Usage, RingBenchmark.Usage));
    return 2;
}
