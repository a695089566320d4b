namespace Ntm.Real.Tests.Programs;

/// <summary>A further home on the servers' network.</summary>
internal sealed class Newcomer : IDisposable
{
    public Newcomer(Town town)
    {
        Namespace = new TestNamespace("nc");
        town.Servers.JoinTo(Namespace, "net1", "wan0", ["192.0.2.130/30"], ["192.0.2.129/30"]);
        Namespace.Run("ip route add default via 192.0.2.130");
        Namespace.Run("ip link add lan0 type veth peer name lan0-peer");
        Namespace.Run("ip address add 192.168.7.1/24 dev lan0");
        Namespace.Run("ip link set lan0 up");
    }

    public TestNamespace Namespace { get; }

    public void Dispose() => Namespace.Dispose();
}
