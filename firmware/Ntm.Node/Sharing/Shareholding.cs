using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using PublishedDevice = Ntm.Node.Devices.PublishedDevice;

namespace Ntm.Node.Sharing;

/// <summary>
/// The owner's hand on shares: gives them, takes them back, accepts other owners', and sees to it that who has nothing here any more is no peer any more.
/// </summary>
internal sealed class Shareholding(NodeContext context)
{
    /// <summary>How long a share lasts, at least and at most.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    // Wall time may jump, so the next expiry is not trusted for longer than this. What has expired lets nothing through in any case (PeerAccess).
    private static readonly TimeSpan LookAtLeast = TimeSpan.FromMinutes(1);

    private readonly HashSet<(bool Given, string Name)> _expired = [];
    private string? _zones; // null: nothing was said yet
    private TimeSpan _next = TimeSpan.MaxValue;
    private long _told;

    private SharingBook Book => context.Sharing;

    /// <summary>Told when a share has ended.</summary>
    public required Action<Now> OnLess { get; init; }

    /// <summary>Told when shares have changed.</summary>
    public Action<Now>? OnChanged { get; set; }

    /// <summary>When shares are to be looked at: one expires, or was accepted.</summary>
    public TimeSpan NextDeadline => _told == Book.Given.Generation ? _next : TimeSpan.Zero;

    /// <summary>Begins, with the membership just joined or loaded.</summary>
    public void Start(Now now)
    {
        _zones = null; // what was said before, the program may have taken down since; what was kept before, it may have up still
        Changed(now);
    }

    /// <param name="device">The device's name; null: the node itself.</param>
    /// <param name="published">The published device of that name, where there is one.</param>
    /// <param name="code">Where done: the code for the other owner.</param>
    public Verdict Give(Now now, string? device, PublishedDevice? published, string forWhom, PortSet ports, TimeSpan lasts, out string? code)
    {
        code = null;
        if (context.Membership is not { } member)
        {
            return new(false, "This gateway has not joined a zone yet, so there is nothing to share.");
        }

        if (device is not null && published is not { Number: > 0 })
        {
            return new(false, $"No device here is published as '{device}'. Publish it first; 'ntm devices' lists what is.");
        }

        if (lasts < Shortest || lasts > Longest)
        {
            return new(false, $"A share lasts from {Shortest.TotalMinutes:0} minute to {Longest.TotalDays:0} days.");
        }

        Span<byte> seed = stackalloc byte[Ed25519.Size];
        context.Entropy.Fill(seed);
        var expires = Book.Time(now) + lasts;
        var verdict = Book.Given.Give(published?.Number ?? 0, forWhom, ports, expires, seed, out var id);
        if (!verdict.Done)
        {
            return verdict;
        }

        var offer = new ShareOffer
        {
            Zone = member.Zone,
            OwnerPublicKey = Google.Protobuf.ByteString.CopyFrom(member.OwnerKey),
            Node = member.Name,
            Device = device ?? "",
            ShareSeed = Google.Protobuf.ByteString.CopyFrom(seed),
            Expires = expires.ToUnixTimeSeconds(),
            Ports = ports.ToString(),
        };
        code = ShareCode.Write(offer);
        Changed(now);
        return new(true, $"Share {id}: {ShareCode.NameOf(offer)} ({ports}) for {forWhom.Trim()}, until {expires:yyyy-MM-dd HH:mm} UTC. The first owner who uses the code has it.");
    }

    public Verdict TakeBack(Now now, int id)
    {
        var verdict = Book.Given.TakeBack(id);
        if (verdict.Done)
        {
            OnLess(now);
            Changed(now);
        }

        return verdict;
    }

    public Verdict Accept(Now now, string code)
    {
        if (context.Membership is not { } member)
        {
            return new(false, "This gateway has not joined a zone yet. Join one, then accept the share.");
        }

        if (ShareCode.TryRead(code, out var offer, out _) && Book.Given.OfAnother(offer.Zone, offer.OwnerPublicKey, Book.Time(now)) is { } other)
        {
            return new(false,
                $"Share {other.Id}, for {other.For}, was accepted in the name of {offer.Zone} with another owner key than this code has. Ask the other owner which is right; where it is this one, take back that share with 'ntm unshare {other.Id}' and accept again.");
        }

        var verdict = Book.Taken.Accept(code, member.Zone, member.OwnerKey, Book.Time(now), out _);
        Changed(now);
        return verdict;
    }

    public Verdict Drop(Now now, string name)
    {
        var verdict = Book.Taken.Drop(NtmName.Canonical(name));
        if (verdict.Done)
        {
            OnLess(now);
            Changed(now);
        }

        return verdict;
    }

    public void HandleTimeout(Now now)
    {
        if (NextDeadline > now.Boot)
        {
            return;
        }

        var at = Book.Time(now);
        foreach (var share in Book.Given.All.Where(s => s.Expires <= at && _expired.Add((true, s.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)))).ToArray())
        {
            context.Note($"Share {share.Id}, for {share.For}, has expired.");
        }

        foreach (var share in Book.Taken.All.Where(s => s.Expires <= at && _expired.Add((false, s.Name + s.Offer.Expires))).ToArray())
        {
            context.Note($"The share of {share.Name} has expired.");
        }

        OnLess(now);
        Changed(now);
    }

    private void Changed(Now now)
    {
        var at = Book.Time(now);
        var next = Book.Given.All.Select(s => s.Expires).Concat(Book.Taken.All.Select(s => s.Expires)).Where(e => e > at)
            .Select(e => e - at).DefaultIfEmpty(TimeSpan.MaxValue).Min();
        _next = next == TimeSpan.MaxValue ? next : now.Boot + (next < LookAtLeast ? next : LookAtLeast);
        _told = Book.Given.Generation;
        TellZones();
        OnChanged?.Invoke(now);
    }

    private void TellZones()
    {
        if (context.Membership is null)
        {
            return; // nothing of ours to come from or to be reached at
        }

        var asked = Book.Taken.All.Select(s => (Scope: (string?)$"{s.Offer.Node}.{s.Offer.Zone}", s.Offer.Zone));
        var heard = Book.Given.All.Where(s => s.Zone is not null && s.Zone != context.Membership.Zone).Select(s => (Scope: (string?)null, Zone: s.Zone!));
        var zones = asked.Concat(heard).Distinct().Select(z => new OtherZone(z.Zone, z.Scope, new ZoneAddressing(z.Zone).Prefix)).ToArray();
        var said = string.Join(' ', zones.Select(z => $"{z.Name}/{z.Scope}"));
        if (said != _zones)
        {
            _zones = said;
            context.Events.Enqueue(new NodeEvent.OtherZones(zones));
        }
    }
}
