using Google.Protobuf;
using Ntm.Protocol;

namespace Ntm.Node.Sharing;

/// <summary>That another owner may reach one device of this node, or the node itself.</summary>
/// <param name="Id">What the owner calls it by: 1, 2, ...; never used again.</param>
/// <param name="For">For whom, in the owner's words.</param>
/// <param name="Number">The device's number; 0: the node itself.</param>
/// <param name="Key">The share's public key; its seed left with the code.</param>
/// <param name="Expires">Wall time.</param>
/// <param name="Zone">The zone whose owner accepted it; null: nobody yet.</param>
/// <param name="OwnerKey">That owner's key; null: nobody yet.</param>
public sealed record GivenShare(
    int Id, string For, ushort Number, ByteString Key, PortSet Ports, DateTimeOffset Expires, string? Zone = null, ByteString? OwnerKey = null);
