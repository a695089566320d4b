using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>That this node belongs to a zone: its binding, the owner key it pins, and whom it asks.</summary>
/// <param name="OwnerKey">Ed25519, 32 bytes.</param>
/// <param name="Binding">This node's own.</param>
/// <param name="Coordinators">At least one; keys pinned by the invite.</param>
public sealed record Membership(byte[] OwnerKey, VouchedBinding Binding, IReadOnlyList<Server> Coordinators)
{
    public const string Collection = "membership";
    private const string BindingKey = "binding";
    private const string OwnerKeyKey = "owner";
    private const string CoordinatorKey = "coordinator/";

    public ZoneAddressing Addressing { get; } = new(Binding.Zone);

    public string Zone => Binding.Zone;

    public string NodeName => Binding.Name;

    public IEnumerable<StoreWrite> ToStore()
    {
        yield return new(Collection, OwnerKeyKey, OwnerKey);
        yield return new(Collection, BindingKey, Binding.Signed.ToByteArray());
        for (var i = 0; i < Coordinators.Count; i++)
        {
            yield return new(Collection, CoordinatorKey + i.ToString(System.Globalization.CultureInfo.InvariantCulture), Coordinators[i].ToByteArray());
        }
    }

    /// <summary>From the store; false where nothing is kept.</summary>
    /// <param name="key">The node key: a membership of another key (a restored backup with a new key) does not count.</param>
    public static bool TryLoad(IEnumerable<StoreWrite> memory, PublicKey key, [NotNullWhen(true)] out Membership? membership)
    {
        membership = null;
        byte[]? owner = null;
        SignedBinding? signed = null;
        var coordinators = new SortedDictionary<string, Server>(StringComparer.Ordinal);
        foreach (var entry in memory)
        {
            if (entry.Collection != Collection || entry.Value is null)
            {
                continue;
            }

            switch (entry.Key)
            {
                case OwnerKeyKey:
                    owner = entry.Value;
                    break;
                case BindingKey:
                    signed = SignedBinding.Parser.ParseFrom(entry.Value);
                    break;
                case var k when k.StartsWith(CoordinatorKey, StringComparison.Ordinal):
                    coordinators[k] = Server.Parser.ParseFrom(entry.Value);
                    break;
            }
        }

        if (owner is null || signed is null || coordinators.Count == 0)
        {
            return false;
        }

        var zone = Protocol.Signalling.Binding.Parser.ParseFrom(signed.Binding).Zone;
        if (!BindingCheck.TryVouch(signed, owner, zone, out var vouched, out _) || vouched.Key != key)
        {
            return false;
        }

        membership = new(owner, vouched, [.. coordinators.Values]);
        return true;
    }
}
