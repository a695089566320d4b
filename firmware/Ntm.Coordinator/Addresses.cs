using System.Text.Json;
using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>Where members were last heard from. Kept, so that a restarted coordinator finds them again before they miss it.</summary>
internal sealed class Addresses(CoordinatorContext context, Members members)
{
    public const string Collection = "address";

    private readonly List<Member> _unkept = [];
    private TimeSpan _keptAt = TimeSpan.Zero;

    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    /// <summary>From the store, after the members.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory.Where(e => e is { Collection: Collection, Value: not null }))
        {
            if (PublicKey.TryParse(entry.Key, out var key) && members.Find(key) is { } member && TryRead(entry.Value!, out var path))
            {
                member.Path = path;
            }
            else
            {
                context.Counters.Count("memory-refused");
            }
        }
    }

    /// <summary>An authenticated datagram of a member came.</summary>
    public void Heard(Member member, WirePath path)
    {
        if (path == member.Path)
        {
            return;
        }

        var due = _keptAt + (member.Path.IsNone ? Limits.FirstAddressWriteSpacing : Limits.AddressWriteSpacing);
        NextDeadline = due < NextDeadline ? due : NextDeadline;
        member.Path = path;
        if (!member.IsPathUnkept)
        {
            member.IsPathUnkept = true;
            _unkept.Add(member);
        }
    }

    /// <summary>It is a member no longer.</summary>
    public void Forget(Member member)
    {
        _unkept.Remove(member);
        context.Keep(Collection, member.Key.ToString(), null);
    }

    public void HandleTimeout(Now now)
    {
        if (NextDeadline > now.Boot)
        {
            return;
        }

        (_keptAt, NextDeadline) = (now.Boot, TimeSpan.MaxValue);
        foreach (var member in _unkept)
        {
            member.IsPathUnkept = false;
            var kept = new KeptAddress(member.Path.Uplink, member.Path.Remote.ToString());
            context.Keep(Collection, member.Key.ToString(), JsonSerializer.SerializeToUtf8Bytes(kept, KeptJson.Default.KeptAddress));
        }

        _unkept.Clear();
    }

    private static bool TryRead(byte[] value, out WirePath path)
    {
        path = default;
        try
        {
            if (JsonSerializer.Deserialize(value, KeptJson.Default.KeptAddress) is { Uplink: >= 0 } kept && RealAddress.TryParse(kept.Address, out var remote))
            {
                path = new WirePath(kept.Uplink, remote, 0);
                return true;
            }
        }
        catch (JsonException)
        {
            // The caller counts it.
        }

        return false;
    }
}
