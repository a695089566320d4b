using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node;

/// <summary>That this node belongs to a zone: its binding, the owner key it pins, and whom it asks.</summary>
/// <param name="OwnerKey">Ed25519, 32 bytes.</param>
/// <param name="Binding">This node's own.</param>
/// <param name="Coordinators">At least one; keys pinned by the invite.</param>
public sealed record Membership(byte[] OwnerKey, VouchedBinding Binding, IReadOnlyList<Server> Coordinators)
{
    public const string Collection = "membership";

    /// <summary>Counted: a kept entry that does not parse, or is of no use.</summary>
    public const string EntryUnreadable = "membership-entry-unreadable";

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

    /// <summary>From the store; false where nothing is kept, or not enough of it is good. Never throws: damaged entries are counted and passed over.</summary>
    /// <param name="memory">All entries kept.</param>
    /// <param name="key">The node key: a membership of another key (a restored backup with a new key) does not count.</param>
    /// <param name="counters">Where damaged entries are counted.</param>
    /// <param name="membership">The membership.</param>
    public static bool TryLoad(IEnumerable<StoreWrite> memory, PublicKey key, Counters counters, [NotNullWhen(true)] out Membership? membership)
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
                    signed = Read(SignedBinding.Parser, entry.Value, counters);
                    break;
                case var k when k.StartsWith(CoordinatorKey, StringComparison.Ordinal):
                    if (Read(Server.Parser, entry.Value, counters) is { } server)
                    {
                        // Whom we ask is another party.
                        if (server.PublicKey.TryRead(out var serverKey) && serverKey != key)
                        {
                            coordinators[k] = server;
                        }
                        else
                        {
                            counters.Count(EntryUnreadable);
                        }
                    }

                    break;
            }
        }

        if (owner is null || signed is null || coordinators.Count == 0)
        {
            return false;
        }

        var zone = Read(Protocol.Signalling.Binding.Parser, signed.Binding.ToByteArray(), counters)?.Zone;
        if (!NtmName.IsZone(zone) || !BindingCheck.TryVouch(signed, owner, zone, out var vouched, out _) || vouched.Key != key || vouched.Role != Role.Node)
        {
            counters.Count(EntryUnreadable);
            return false;
        }

        membership = new(owner, vouched, [.. coordinators.Values]);
        return true;
    }

    private static T? Read<T>(MessageParser<T> parser, byte[] value, Counters counters)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(value);
        }
        catch (InvalidProtocolBufferException)
        {
            counters.Count(EntryUnreadable);
            return null;
        }
    }
}
