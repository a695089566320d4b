using Ntm.Interface;

namespace Ntm.Fast.Tests.Interface;

/// <summary>A carrier that went with three tunnels on it, a near miss, and a handover that came to nothing.</summary>
internal static class SampleHandovers
{
    private static readonly DateTimeOffset s_at = new(2026, 3, 1, 14, 3, 7, TimeSpan.Zero);
    private static readonly HandoverWayDocument s_catv = new("catv", true, "198.51.100.80:41641"), s_lte = new("lte", true, "198.51.100.80:41641");

    public static IReadOnlyList<HandoverDocument> All { get; } =
    [
        new(14, 14, "bob", false, s_at, "uplink-lost", "the interface wan0 has no carrier", s_catv, s_lte, "direct: the best that is left", "settled")
        {
            Moves = 1, DecidedMs = 0, FirstOutMs = 0.412, FirstBackMs = 47.6, GapMs = 49.2, SentAgain = 31, Late = 12, Doubled = 0,
        },
        new(15, 14, "carol", false, s_at, "uplink-lost", "the interface wan0 has no carrier", s_catv, s_lte with { Direct = false, Address = "203.0.113.20:4916" }, "relay: no direct path is proven", "settled")
        {
            Moves = 2, DecidedMs = 750, LastDecidedMs = 3011, FirstOutMs = 3.2, FirstBackMs = 64, GapMs = 65, SentAgain = 4, Lost = 1, Late = 2, Doubled = 6,
        },
        new(16, 14, "rs1", true, s_at, "uplink-lost", "the interface wan0 has no carrier", s_catv with { Address = "203.0.113.20:4916" }, s_lte with { Address = "203.0.113.20:4916" }, "the best uplink on which it answers", "settled")
        {
            Moves = 1, DecidedMs = 1,
        },
        new(17, 17, "bob", false, s_at.AddMinutes(9), "silent", "nothing was acknowledged for 212 ms", s_lte, null, null, "returned") { GapMs = 341, Doubled = 70, Drill = true },
        new(18, 18, "bob", false, s_at.AddHours(1), "uplink-lost", "the interface wan1 has no carrier", s_lte, null, null, "failed") { GapMs = 60_012 },
    ];
}
