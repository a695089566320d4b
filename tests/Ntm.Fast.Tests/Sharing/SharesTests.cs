using System.Text;
using Google.Protobuf;
using Ntm.Node.Sharing;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fast.Tests.Sharing;

/// <summary>The books of shares by themselves: what is kept, what damage does, what time does.</summary>
public sealed class SharesTests
{
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Dictionary<(string, string), StoreWrite> _kept = [];
    private readonly Counters _counters = new();

    [Fact]
    public void What_is_given_is_there_again_after_a_restart_and_ids_are_never_used_again()
    {
        var shares = NewGiven();
        Assert.True(shares.Give(3, " Dave ", Ports("tcp/445"), s_now.AddDays(7), new byte[32], out var first).Done);
        Assert.True(shares.Give(0, "Eve", PortSet.All, s_now.AddDays(1), Seed(2), out var second).Done);
        Assert.True(shares.TryAccept(Acceptance.Sign(Offer(new byte[32]), "friends.example", new byte[32]), s_now, out _, out _));
        Assert.True(shares.TakeBack(second).Done);
        Assert.False(shares.TakeBack(second).Done);

        var again = NewGiven();
        var share = Assert.Single(again.All);
        Assert.Equal((first, "Dave", (ushort)3, "tcp/445", "friends.example"), (share.Id, share.For, share.Number, share.Ports.ToString(), share.Zone));
        Assert.True(again.Give(1, "Fay", PortSet.All, s_now, Seed(3), out var third).Done);
        Assert.Equal(3, third);
    }

    [Fact]
    public void Damaged_entries_are_counted_and_the_others_used()
    {
        var shares = NewGiven();
        Assert.True(shares.Give(3, "Dave", PortSet.All, s_now, Seed(1), out _).Done);
        var good = _kept[(GivenShares.Collection, "1")].Value!;
        var text = Encoding.UTF8.GetString(good);
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)
            [
                ("2", "{"), ("3", "null"), ("0", text), ("x", text), ("4", text.Replace("\"version\":1", "\"version\":9")), ("5", text.Replace("\"number\":3", "\"number\":40000")),
                ("6", text.Replace("\"ports\":\"all\"", "\"ports\":\"no\"")), ("7", text), ("8", text.Replace("\"for\":\"Dave\"", "\"for\":\"\"")), ("9", text.Insert(1, "\"zone\":\"a.example\",")),
            ])
        {
            _kept[(GivenShares.Collection, key)] = new(GivenShares.Collection, key, Encoding.UTF8.GetBytes(value));
        }

        Assert.Single(NewGiven().All);
        Assert.Equal(10, _counters[GivenShares.EntryUnreadable]);
        foreach (var value in (string[])["", "{}", "{\"version\":1,\"offer\":\"AA==\",\"acceptance\":\"AA==\"}"])
        {
            _kept[(TakenShares.Collection, "nas.dave.friends.example")] = new(TakenShares.Collection, "nas.dave.friends.example", Encoding.UTF8.GetBytes(value));
            Assert.Empty(NewTaken().All);
        }

        Assert.True(_counters[GivenShares.EntryUnreadable] >= 13);
    }

    [Fact]
    public void There_are_at_most_256_each_way()
    {
        var given = NewGiven();
        for (var i = 0; i < GivenShares.Most; i++)
        {
            Assert.True(given.Give(1, "x", PortSet.All, s_now, Seed(i), out _).Done);
        }

        Assert.False(given.Give(1, "x", PortSet.All, s_now, Seed(999), out _).Done);
        var taken = NewTaken();
        for (var i = 0; i < TakenShares.Most; i++)
        {
            Assert.True(taken.Accept(ShareCode.Write(Offer(Seed(i), $"d{i}")), "home.example", new byte[32], s_now, out _).Done);
        }

        Assert.False(taken.Accept(ShareCode.Write(Offer(Seed(999), "more")), "home.example", new byte[32], s_now, out _).Done);
        Assert.True(taken.Accept(ShareCode.Write(Offer(Seed(998), "d7")), "home.example", new byte[32], s_now, out _).Done); // a newer code for the same
    }

    [Fact]
    public void What_is_taken_keeps_no_secret()
    {
        var taken = NewTaken();
        var seed = Seed(7);
        Assert.True(taken.Accept(ShareCode.Write(Offer(seed)), "home.example", new byte[32], s_now, out var share).Done);
        Assert.Equal(0, share!.Offer.ShareSeed.Length);
        Assert.DoesNotContain(Convert.ToBase64String(seed)[..20], Encoding.UTF8.GetString(_kept.Values.Single().Value!), StringComparison.Ordinal);
        Assert.Equal("nas.dave.friends.example", Assert.Single(NewTaken().All).Name);
    }

    [Theory]
    [InlineData("for whom", "", "Say for whom")]
    [InlineData("for whom", "\u0007", "Say for whom")]
    public void A_share_says_for_whom(string _, string forWhom, string said)
    {
        var verdict = NewGiven().Give(1, forWhom, PortSet.All, s_now, Seed(1), out var _);
        Assert.False(verdict.Done);
        Assert.Contains(said, verdict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unset_clock_makes_no_expired_share_good_again()
    {
        var mark = (ulong)(s_now - DateTimeOffset.UnixEpoch).Ticks * 100;
        Assert.Equal(s_now, GrantClock.Read(new Now(TimeSpan.Zero, s_now), mark + 1_000_000_000_000));
        Assert.Equal(s_now - Limits.TimestampBlock, GrantClock.Read(new Now(TimeSpan.Zero, DateTimeOffset.UnixEpoch), mark));
        Assert.Equal(DateTimeOffset.UnixEpoch, GrantClock.Read(new Now(TimeSpan.Zero, DateTimeOffset.UnixEpoch), 0));
        GrantClock.Read(new Now(TimeSpan.Zero, DateTimeOffset.UnixEpoch), ulong.MaxValue);
    }

    private static PortSet Ports(string text)
    {
        Assert.True(PortSet.TryParse(text, out var ports, out _));
        return ports;
    }

    private static byte[] Seed(int n)
    {
        var seed = new byte[32];
        BitConverter.TryWriteBytes(seed, n + 1);
        return seed;
    }

    private static ShareOffer Offer(byte[] seed, string device = "nas") => new()
    {
        Zone = "friends.example", OwnerPublicKey = ByteString.CopyFrom(new byte[32]), Node = "dave", Device = device, ShareSeed = ByteString.CopyFrom(seed),
        Expires = s_now.AddDays(7).ToUnixTimeSeconds(), Ports = "all",
    };

    private GivenShares NewGiven()
    {
        var shares = new GivenShares(_counters, Keep);
        shares.Load([.. _kept.Values]);
        return shares;
    }

    private TakenShares NewTaken()
    {
        var shares = new TakenShares(_counters, Keep);
        shares.Load([.. _kept.Values]);
        return shares;
    }

    private void Keep(StoreWrite write)
    {
        if (write.Value is null)
        {
            _kept.Remove((write.Collection, write.Key));
        }
        else
        {
            _kept[(write.Collection, write.Key)] = write;
        }
    }
}
