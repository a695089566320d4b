using Ntm.Protocol;

namespace Ntm.Hosting;

/// <summary>The node key of a gateway, coordinator or relay: the X25519 private key by which it is known, kept as a <see cref="SecretFile"/>.</summary>
public static class NodeKeyFile
{
    public const string Kind = "ntm-node-key";

    /// <summary>The usual name within a data folder.</summary>
    public const string FileName = "node.key";

    /// <returns>32 bytes.</returns>
    /// <exception cref="FatalException">It cannot be made or used.</exception>
    public static byte[] ReadOrCreate(string path, IEntropy entropy) => SecretFile.ReadOrCreate(path, Kind, entropy);

    /// <returns>32 bytes.</returns>
    /// <exception cref="FatalException">It is missing or cannot be used.</exception>
    public static byte[] Read(string path) => SecretFile.Read(path, Kind);
}
