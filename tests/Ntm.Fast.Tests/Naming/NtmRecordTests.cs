using System.Text;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Naming;

/// <summary>The NTM record: golden bytes, every truncation, and what RFC 9460 says must be refused.</summary>
public sealed class NtmRecordTests
{
    private const string Zone = "home.example";
    private const string KeyText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    /// <summary>The bytes that nsd 4.6 makes of <see cref="Line"/>; NameTests.DebiansServerAndDigAgreeWithOurs sees to that.</summary>
    private const string Golden =
        "0001" + "026331" + "04686f6d65" + "076578616d706c65" + "00" // 1 c1.home.example.
        + "0000" + "0004" + "0003ff00" // mandatory=port,key65280
        + "0003" + "0002" + "1334" // port=4916
        + "0004" + "0004" + "cb00710a" // ipv4hint=203.0.113.10
        + "0006" + "0010" + "20010db8000000000000000000000010" // ipv6hint=2001:db8::10
        + "ff00" + "002c" + "4141454341775146426763494351"
        + "6f4c4441304f4478415245684d554652595847426b6147787764486838" + "3d";

    private const string Line =
        "_ntm.home.example. 300 IN SVCB 1 c1.home.example. mandatory=port,key65280 port=4916 ipv4hint=203.0.113.10 ipv6hint=2001:db8::10 key65280=\"" + KeyText + "\"";

    private static NtmRecordEntry Entry => new(1, "c1.home.example", 4916, Key(0), [Address("203.0.113.10:4916"), Address("[2001:db8::10]:4916")]);

    [Fact]
    public void The_bytes_are_these_and_are_read_back()
    {
        Assert.Equal(Golden, Convert.ToHexStringLower(Entry.Encode()));
        Assert.Null(NtmRecordEntry.Decode(Convert.FromHexString(Golden), Zone, out var entry));
        Same(Entry, entry!);
    }

    [Fact]
    public void The_zone_files_line_is_this_one_and_the_form_for_others_holds_the_same_bytes()
    {
        Assert.Equal(Line, Entry.ToZoneFile(Zone, NtmRecord.TtlSeconds));
        Assert.Equal($"_ntm.home.example. 300 IN TYPE64 \\# {Golden.Length / 2} {Golden}", Entry.ToUnknownForm(Zone, 300));
        Assert.Contains("SVCB 1 . mandatory", (Entry with { Target = "" }).ToZoneFile(Zone, 300), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var whole = Entry.Encode();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.NotNull(NtmRecordEntry.Decode(whole.AsSpan(0, length), Zone, out _));
        }

        Assert.Equal(NtmRecordEntry.Truncated, NtmRecordEntry.Decode([.. whole, 0], Zone, out _));
    }

    [Theory]
    [InlineData(NtmRecordEntry.BadOrder, "0003 0002 1334; 0000 0004 0003ff00; KEY")]
    [InlineData(NtmRecordEntry.BadOrder, "0003 0002 1334; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0000; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0003 0003ff; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0004 ff000003; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0004 00030003; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0002 0000; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.BadMandatory, "0000 0004 00030004; 0003 0002 1334; KEY")]
    [InlineData(NtmRecordEntry.NotUnderstood, "0000 0002 0007; 0003 0002 1334; 0007 0001 61; KEY")]
    [InlineData(NtmRecordEntry.BadPort, "0003 0001 13; KEY")]
    [InlineData(NtmRecordEntry.BadPort, "0003 0002 0000; KEY")]
    [InlineData(NtmRecordEntry.BadPort, "KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0003 cb0071; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0000; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0014 cb007101cb007102cb007103cb007104cb007105; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0008 cb007101cb007101; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0004 7f000001; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0004 0004 e0000001; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0006 0010 00000000000000000000ffffcb007101; KEY")]
    [InlineData(NtmRecordEntry.BadHint, "0003 0002 1334; 0006 0010 fe800000000000000000000000000001; KEY")]
    [InlineData(NtmRecordEntry.BadKey, "0003 0002 1334")]
    [InlineData(NtmRecordEntry.BadKey, "0003 0002 1334; ff00 0004 41414141")]
    [InlineData(NtmRecordEntry.Truncated, "0003 0002 1334; KEY; ffff 0004 61")]
    public void What_the_rfc_forbids_is_refused_with_its_reason(string reason, string parameters)
    {
        var key = "ff00002c" + Convert.ToHexStringLower(Encoding.ASCII.GetBytes(KeyText));
        var bytes = Convert.FromHexString("000100" + parameters.Replace("KEY", key).Replace(" ", "").Replace(";", ""));
        Assert.Equal(reason, NtmRecordEntry.Decode(bytes, Zone, out var entry));
        Assert.Null(entry);
    }

    [Theory]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A")]
    public void A_key_has_one_text(string text)
    {
        byte[] bytes = [0, 1, 0, 0, 3, 0, 2, 0x13, 0x34, 0xFF, 0, 0, 44, .. Encoding.ASCII.GetBytes(text)];
        Assert.Equal(NtmRecordEntry.BadKey, NtmRecordEntry.Decode(bytes, Zone, out _));
    }

    [Theory]
    [InlineData("c1.home.example", true)]
    [InlineData("C1.Home.EXAMPLE", true)]
    [InlineData("", true)]
    [InlineData("home.example", false)]
    [InlineData("c1.other.example", false)]
    [InlineData("c1home.example", false)]
    [InlineData("a_b.home.example", false)]
    public void The_target_is_a_host_below_the_zone_or_the_record_itself(string target, bool isGood)
    {
        var whole = Entry.Encode();
        byte[] bytes = [0, 1, .. TestQuery.Name(target), .. whole.AsSpan(2 + TestQuery.Name("c1.home.example").Length)];
        Assert.Equal(isGood ? null : NtmRecordEntry.BadTarget, NtmRecordEntry.Decode(bytes, Zone, out var entry));
        Assert.Equal(isGood ? target.ToLowerInvariant() : null, entry?.Target);
    }

    [Fact]
    public void A_compressed_target_is_refused() =>
        Assert.Equal(NtmRecordEntry.BadTarget, NtmRecordEntry.Decode([0, 1, 0xC0, 12, .. Entry.Encode().AsSpan(18)], Zone, out _));

    [Fact]
    public void Unknown_parameters_are_passed_over_unless_they_are_mandatory()
    {
        byte[] bytes = [.. (Entry with { Target = "", Hints = [] }).Encode(), 0xFF, 1, 0, 1, 9];
        Assert.Null(NtmRecordEntry.Decode(bytes, Zone, out var entry));
        Assert.Empty(entry!.Hints);
    }

    [Fact]
    public void Entries_of_one_key_are_one_coordinator_and_the_lowest_priority_comes_first()
    {
        var one = new NtmRecordCoordinator(Key(0), 2, [Address("203.0.113.10:4916"), Address("203.0.113.10:443"), Address("[2001:db8::10]:4916")]);
        var other = new NtmRecordCoordinator(Key(7), 1, [Address("203.0.113.11:4916")]);
        var data = NtmRecordEntry.Of(one, "c1.home.example").Concat(NtmRecordEntry.Of(other, "")).Select(e => e.Encode()).ToArray();
        Assert.Equal(3, data.Length);
        Assert.Null(NtmRecord.Read(Zone, data, out var entries));
        Assert.Null(NtmRecord.Of(Zone, entries, out var record));
        Assert.Equal([(Key(7), 1), (Key(0), 2)], record!.Coordinators.Select(c => (c.Key, (int)c.Priority)));
        Assert.Equal(one.Endpoints.ToHashSet(), record.Coordinators[1].Endpoints.ToHashSet());
    }

    [Fact]
    public void One_malformed_entry_spoils_all_and_one_that_is_not_understood_itself_only()
    {
        var good = Entry.Encode();
        Assert.Equal(NtmRecordEntry.Truncated, NtmRecord.Read(Zone, [good, good[..^1]], out var entries));
        Assert.Empty(entries);
        byte[] alias = [0, 0, .. TestQuery.Name("elsewhere.example")];
        Assert.Null(NtmRecord.Read(Zone, [alias, good], out entries));
        Assert.Single(entries);
        Assert.Equal(NtmRecordEntry.Alias, NtmRecord.Read(Zone, [alias], out _));
        Assert.Equal(NtmRecord.NoCoordinator, NtmRecord.Read(Zone, [], out _));
    }

    [Fact]
    public void There_are_four_coordinators_of_four_endpoints_at_most()
    {
        Assert.Equal(NtmRecord.TooMany, NtmRecord.Read(Zone, [.. Enumerable.Repeat(Entry.Encode(), 17)], out _));
        var five = Enumerable.Range(0, 5).Select(i => Entry with { Key = Key(i) }).ToArray();
        Assert.Equal(NtmRecord.TooMany, NtmRecord.Of(Zone, five, out _));
        Assert.Null(NtmRecord.Of(Zone, five[..4], out var record));
        Assert.Equal(4, record!.Coordinators.Count);
        var ports = Enumerable.Range(0, 5).Select(i => Entry with { Port = (ushort)(5000 + i), Hints = [Address($"203.0.113.10:{5000 + i}")] }).ToArray();
        Assert.Equal(NtmRecord.TooMany, NtmRecord.Of(Zone, ports, out _));
        Assert.Equal(NtmRecord.NoCoordinator, NtmRecord.Of(Zone, [Entry with { Hints = [] }], out _));
    }

    [Theory]
    [InlineData("home.example", "_ntm.home.example")]
    [InlineData("Home.example", null)]
    [InlineData("", null)]
    [InlineData("a..b", null)]
    public void Only_canonical_zones_have_one(string zone, string? name) => Assert.Equal(name, NtmRecord.NameOf(zone));

    [Fact]
    public void A_zone_too_long_for_the_label_before_it_has_none()
    {
        var zone = string.Join('.', Enumerable.Repeat(new string('a', 61), 4));
        Assert.True(NtmName.IsZone(zone));
        Assert.NotNull(NtmRecord.NameOf(zone));
        Assert.Null(NtmRecord.NameOf(zone + ".b"));
    }

    internal static PublicKey Key(int first) => new([.. Enumerable.Range(first, 32).Select(i => (byte)i)]);

    internal static RealAddress Address(string text) => RealAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);

    private static void Same(NtmRecordEntry expected, NtmRecordEntry actual) => Assert.Equal(
        (expected.Priority, expected.Target, expected.Port, expected.Key, string.Join(' ', expected.Hints)),
        (actual.Priority, actual.Target, actual.Port, actual.Key, string.Join(' ', actual.Hints)));
}
