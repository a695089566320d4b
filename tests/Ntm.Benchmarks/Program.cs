using Ntm.Benchmarks;
using Ntm.Benchmarks.Contestants;

// `dotnet run -c Release --project tests/Ntm.Benchmarks -- COMMAND [options]`; tests/benchmarks.sh installs what is missing and runs them all.
return args switch
{
    ["path", .. var options] => PathCommand.Run(options),
    ["cipher"] => CipherBenchmark.Run(),
    ["peer", .. var options] => PathPeer.Run(options), // one end of ours, started by "path"
    ["null", .. var options] => NullPeer.Run(options), // the same without encryption
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        cipher                   what sealing and opening a packet cost
        """);
    Console.Error.WriteLine(PathOptions.Usage);
    return 2;
}
