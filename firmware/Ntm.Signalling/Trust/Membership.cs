using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling.Trust;

/// <summary>That a node or relay belongs to a zone: its binding, the owner key it pins, and the coordinators it listens to.</summary>
/// <param name="OwnerKey">Ed25519, 32 bytes.</param>
/// <param name="Binding">Its own.</param>
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

    /// <summary>Its name in the zone.</summary>
    public string Name => Binding.Name;

    public IEnumerable<StoreWrite> ToStore()
    {
        yield return new(Collection, OwnerKeyKey, OwnerKey);
        yield return new(Collection, BindingKey, Binding.Signed.ToByteArray());
        for (var i = 0; i < Coordinators.Count; i++)
        {
            yield return new(Collection, CoordinatorKey + i.ToString(CultureInfo.InvariantCulture), Coordinators[i].ToByteArray());
        }
    }

    /// <summary>From the store; false where nothing is kept, or not enough of it is good. Never throws: damaged entries are counted and passed over.</summary>
    /// <param name="memory">All entries kept.</param>
    /// <param name="key">The node key: a membership of another key (a restored backup with a new key) does not count.</param>
    /// <param name="role">What the party is.</param>
    /// <param name="counters">Where damaged entries are counted.</param>
    /// <param name="membership">The membership.</param>
    /// <param name="problem">Where something is kept and no good: what, and what to do, as a sentence; else null.</param>
    public static bool TryLoad(
        IEnumerable<StoreWrite> memory, PublicKey key, Role role, Counters counters,
        [NotNullWhen(true)] out Membership? membership, out string? problem)
    {
        membership = null;
        problem = null;
        byte[]? owner = null;
        SignedBinding? signed = null;
        var coordinators = new SortedDictionary<string, Server>(StringComparer.Ordinal);
        var kept = false;
        foreach (var entry in memory)
        {
            if (entry.Collection != Collection || entry.Value is null)
            {
                continue;
            }

            kept = true;
            switch (entry.Key)
            {
                case OwnerKeyKey:
                    owner = entry.Value.Length == Ed25519.Size ? entry.Value : null;
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

        if (!kept)
        {
            return false;
        }

        var zone = signed is null ? null : Read(Protocol.Signalling.Binding.Parser, signed.Binding.ToByteArray(), counters)?.Zone;
        if (owner is null || signed is null || coordinators.Count == 0 || !NtmName.IsZone(zone))
        {
            problem = "The kept membership is damaged. Join again with a new invite code, or restore the data directory.";
        }
        else if (!BindingCheck.TryVouch(signed, owner, zone, out var vouched, out var why))
        {
            problem = $"The kept membership is no good: {why}. Join again with a new invite code, or restore the data directory.";
        }
        else if (vouched.Key != key || vouched.Role != role)
        {
            problem = "The kept membership was made with another node key than the one in the data directory, or for another role. Join again with a new invite code, or restore the data directory.";
        }
        else
        {
            membership = new(owner, vouched, [.. coordinators.Values]);
            return true;
        }

        counters.Count(EntryUnreadable);
        return false;
    }

    private static T? Read<T>(MessageParser<T> parser, byte[] value, Counters counters)
        where T : class, IMessage<T>, new()
    {
        if (!Wire.TryParse(parser, value, out var read))
        {
            counters.Count(EntryUnreadable);
        }

        return read;
    }
}
