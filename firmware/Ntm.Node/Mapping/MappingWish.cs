using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>What a box is asked for.</summary>
/// <param name="Uplink">Its number.</param>
/// <param name="Own">The uplink's own address, and the port that is to be open.</param>
/// <param name="Gateway">The box: the uplink's default gateway in that IP family; port 0.</param>
/// <param name="Nonce">12 bytes, the same for as long as the port is (RFC 6887 section 11.2).</param>
/// <param name="ExternalPort">The port wished for outside; of one that is to be closed, the one it had.</param>
/// <param name="Closes">Whether the port is to be closed again.</param>
internal sealed record MappingWish(int Uplink, RealAddress Own, RealAddress Gateway, byte[] Nonce, ushort ExternalPort, bool Closes)
{
    /// <summary>s.</summary>
    public uint Lifetime => Closes ? 0 : (uint)Limits.MappingLifetime.TotalSeconds;
}
