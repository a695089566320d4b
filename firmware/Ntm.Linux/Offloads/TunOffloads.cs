namespace Ntm.Linux.Offloads;

/// <summary>What a TUN's kernel leaves to us and takes from us in super-packets.</summary>
[Flags]
public enum TunOffloads
{
    /// <summary>One packet a read and a write, with all of its checksums.</summary>
    None = 0,

    /// <summary>Checksums, and TCP of both families (TUN_F_CSUM, TSO4, TSO6, TSO_ECN).</summary>
    Tcp = 1,

    /// <summary>UDP datagrams of equal size, too (USO4, USO6: Linux 6.2).</summary>
    Udp = 2,

    All = Tcp | Udp,
}
