using Ntm.Crypto;
using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>What the owner wants of a coordinator; it does not change while it runs.</summary>
public sealed record CoordinatorModel
{
    /// <param name="zone">Canonical zone name.</param>
    /// <param name="ownerPublicKey">Ed25519, 32 bytes: whose invites count.</param>
    /// <param name="name">The coordinator's own name in the zone, one label; nobody else may take it.</param>
    /// <exception cref="ArgumentException">One of them is none: the program checks its configuration first.</exception>
    public CoordinatorModel(string zone, byte[] ownerPublicKey, string name)
    {
        if (!NtmName.IsZone(zone) || !NtmName.IsLabel(name) || ownerPublicKey.Length != Ed25519.Size)
        {
            throw new ArgumentException($"Zone '{zone}', name '{name}' or an owner key of {ownerPublicKey.Length} bytes cannot be.");
        }

        (Zone, OwnerPublicKey, Name) = (zone, ownerPublicKey, name);
    }

    public string Zone { get; }

    public byte[] OwnerPublicKey { get; }

    public string Name { get; }
}
