using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>
/// Who belongs to the zone: bindings by key, by name and by virtual address, and the invites that were used. Each one-time key binds once, each name
/// belongs to one key for good. All of it is kept.
/// </summary>
/// <param name="vipOf">A key's number-0 virtual address.</param>
internal sealed class Members(CoordinatorContext context, Func<PublicKey, VirtualAddress> vipOf)
{
    public const string BindingCollection = "binding";
    public const string InviteCollection = "used-invite";

    private readonly Dictionary<PublicKey, Member> _byKey = [];
    private readonly SortedDictionary<string, Member> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<VirtualAddress, PublicKey> _byVip = new() { [vipOf(context.Tunnels.Key.Public)] = context.Tunnels.Key.Public };

    /// <summary>One-time key -> the key that it bound.</summary>
    private readonly Dictionary<ByteString, PublicKey> _usedInvites = [];

    /// <summary>By name.</summary>
    public IReadOnlyCollection<Member> All => _byName.Values;

    public int UsedInvites => _usedInvites.Count;

    public Member? Find(PublicKey key) => _byKey.GetValueOrDefault(key);

    public Member? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>From the store. What is no longer vouched for (another owner key) is left out, with a warning.</summary>
    public void Load(IReadOnlyCollection<StoreWrite> memory)
    {
        foreach (var entry in memory)
        {
            if (entry.Value is null)
            {
                continue;
            }

            switch (entry.Collection)
            {
                case InviteCollection when TryReadKey(entry.Key, out var oneTime) && entry.Value.Length == PublicKey.Size:
                    _usedInvites[oneTime] = new PublicKey(entry.Value);
                    break;
                case BindingCollection:
                    LoadBinding(entry.Key, entry.Value);
                    break;
            }
        }
    }

    /// <summary>Binds a key and name to the zone; a repeat of what is bound already is fine.</summary>
    /// <param name="key">Whose tunnel the request came in.</param>
    /// <param name="refusal">Where false.</param>
    public bool TryJoin(
        Now now, PublicKey key, SignedBinding? signed, [NotNullWhen(true)] out Member? member, [NotNullWhen(false)] out Signal? refusal)
    {
        member = null;
        if (!BindingCheck.TryVouch(signed, context.Model.OwnerPublicKey, context.Model.Zone, out var vouched, out var problem))
        {
            refusal = context.Refuse(RefusalReason.RefusalBindingInvalid, "join-not-vouched", $"The binding is not good for {context.Model.Zone}: {problem}.");
            return false;
        }

        if (vouched.Key != key)
        {
            refusal = context.Refuse(RefusalReason.RefusalBindingInvalid, "join-other-key", "The binding is another key's than the one that presents it.");
            return false;
        }

        if (context.Removals.Cover(vouched, out var removal))
        {
            refusal = context.RefuseRemoved(removal, "join-removed");
            return false;
        }

        refusal = Judge(now, vouched, out member);
        if (refusal is not null)
        {
            return false;
        }

        if (member is null || member.Binding.OneTimeKey != vouched.OneTimeKey)
        {
            member = Admit(vouched, member);
        }

        return true;
    }

    /// <summary>Takes a member out: its name is free for another key, its invites stay used.</summary>
    public void Remove(Member member)
    {
        _byKey.Remove(member.Key);
        _byName.Remove(member.Name);
        _byVip.Remove(member.Vip);
        context.Keep(BindingCollection, member.Key.ToString(), null);
    }

    /// <param name="member">Who the key is already; null: nobody.</param>
    /// <returns>Null where it may be bound, or is.</returns>
    private Signal? Judge(Now now, VouchedBinding vouched, out Member? member)
    {
        member = _byKey.GetValueOrDefault(vouched.Key);
        if (vouched.Role is not (Role.Node or Role.Relay))
        {
            return context.Refuse(RefusalReason.RefusalNotPermitted, "join-role", "Only nodes and relays can join.");
        }

        if (member is not null && (member.Name != vouched.Name || member.Role != vouched.Role))
        {
            return context.Refuse(
                RefusalReason.RefusalNotPermitted, "join-second-name", $"This key is bound as '{member.Name}' already and cannot have a second name or role.");
        }

        if (_usedInvites.TryGetValue(vouched.OneTimeKey, out var user))
        {
            return user == vouched.Key && member is not null ? null
                : context.Refuse(RefusalReason.RefusalInviteUsed, "join-invite-used", "The invite was used by another node. Ask the owner for a new one.");
        }

        // The joining side dates its binding itself, so the date that counts is ours.
        var expires = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(
            Wire.TryParse(Grant.Parser, vouched.Signed.Grant, out var grant) ? grant.Expires : 0, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds()));
        if (now.Wall > expires)
        {
            return context.Refuse(
                RefusalReason.RefusalBindingInvalid, "join-invite-expired", $"The invite expired at {expires:yyyy-MM-dd HH:mm} UTC. Ask the owner for a new one.");
        }

        if (vouched.Name == context.Model.Name || (_byName.TryGetValue(vouched.Name, out var holder) && holder.Key != vouched.Key))
        {
            return context.Refuse(
                RefusalReason.RefusalNameTaken, "join-name-taken", $"The name '{vouched.Name}' belongs to another key. Choose another name.");
        }

        if (_byVip.TryGetValue(vipOf(vouched.Key), out var other) && other != vouched.Key)
        {
            return context.Refuse(
                RefusalReason.RefusalNotPermitted, "join-vip-clash", "This key's virtual address is another key's already. Make a new node key.");
        }

        var relays = vouched.Role == Role.Relay ? _byKey.Values.Count(m => m.Role == Role.Relay) : 0;
        return member is null && (_byKey.Count >= Bounds.Members || _usedInvites.Count >= Bounds.UsedInvites || relays >= Bounds.Relays)
            ? context.Refuse(RefusalReason.RefusalBusy, "join-full", "The zone has as many members as this coordinator can hold.")
            : null;
    }

    private Member Admit(VouchedBinding vouched, Member? known)
    {
        context.Keep(BindingCollection, vouched.Key.ToString(), vouched.Signed.ToByteArray());
        context.Keep(InviteCollection, vouched.OneTimeKey.ToBase64(), vouched.Key.ToArray());
        _usedInvites.Add(vouched.OneTimeKey, vouched.Key);
        context.Note($"{Title(vouched.Role)} '{vouched.Name}' joined the zone with key {vouched.Key.Short}.");
        if (known is not null)
        {
            known.Binding = vouched;
            return known;
        }

        return Add(vouched);
    }

    private Member Add(VouchedBinding vouched)
    {
        var member = new Member(vouched, vipOf(vouched.Key));
        _byKey.Add(member.Key, member);
        _byName.Add(member.Name, member);
        _byVip[member.Vip] = member.Key;
        return member;
    }

    private void LoadBinding(string key, byte[] value)
    {
        var problem = "it does not parse";
        if (Wire.TryParse(SignedBinding.Parser, value, out var signed)
            && BindingCheck.TryVouch(signed, context.Model.OwnerPublicKey, context.Model.Zone, out var vouched, out problem))
        {
            if (context.Removals.Cover(vouched, out _))
            {
                _usedInvites.TryAdd(vouched.OneTimeKey, vouched.Key);
                problem = "the owner removed it";
            }
            else if (!_byKey.ContainsKey(vouched.Key) && !_byName.ContainsKey(vouched.Name) && vouched.Role is Role.Node or Role.Relay)
            {
                Add(vouched);
                _usedInvites.TryAdd(vouched.OneTimeKey, vouched.Key);
                return;
            }
            else
            {
                problem = "its key or name is there twice";
            }
        }

        context.Counters.Count("memory-refused");
        context.Warn($"The kept binding of key {key} is left out: {problem}.");
    }

    private static bool TryReadKey(string base64, out ByteString key)
    {
        try
        {
            key = ByteString.FromBase64(base64);
            return key.Length == PublicKey.Size;
        }
        catch (FormatException)
        {
            key = ByteString.Empty;
            return false;
        }
    }

    internal static string Title(Role role) => role == Role.Relay ? "Relay" : "Node";
}
