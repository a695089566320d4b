using System.Net;
using Ntm.Real.Tests;

namespace Ntm.Benchmarks.Contestants;

/// <summary>A way from one application to another that is measured: through a tunnel of some kind, or none.</summary>
internal sealed class Contestant
{
    private const int IperfPort = 5201;

    /// <param name="name">As tables show it.</param>
    /// <param name="from">Where the client is.</param>
    /// <param name="to">Where the server is.</param>
    /// <param name="target">The server's address as the client knows it.</param>
    /// <param name="ends">Ids of the two ends' processes; none: there is no tunnel.</param>
    public Contestant(string name, Wire wire, TestNamespace from, TestNamespace to, IPAddress target, params int[] ends)
    {
        (Name, Wire, From, To, Target, Ends) = (name, wire, from, to, target, ends);
        TestNamespace.WaitFor(() => from.Try($"ping -c 1 -W 1 {target}"), $"the first answer through {name}", TimeSpan.FromSeconds(30));
        to.Start("iperf3 -s");
        TestNamespace.WaitFor(() => to.Run("ss -Hltn").Contains($":{IperfPort} ", StringComparison.Ordinal), "iperf3's open port", TimeSpan.FromSeconds(30));
    }

    /// <summary>Between the two ends themselves.</summary>
    public Contestant(string name, Wire wire, IPAddress target, params int[] ends)
        : this(name, wire, wire.Left, wire.Right, target, ends)
    {
    }

    public string Name { get; }

    public Wire Wire { get; }

    public TestNamespace From { get; }

    public TestNamespace To { get; }

    public IPAddress Target { get; }

    public IReadOnlyList<int> Ends { get; }
}
