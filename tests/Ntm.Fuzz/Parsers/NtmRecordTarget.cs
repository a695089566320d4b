using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Fuzz.Parsers;

/// <summary>RDATA of NTM records that other zones publish: each input is one record, or several where it holds the separator.</summary>
public sealed class NtmRecordTarget : Target
{
    private const string Zone = "home.example";

    private static readonly byte[] s_between = [0xFE, 0xED, 0xFE, 0xED];

    public override string Name => "ntm-record";

    public override string Law =>
        "NtmRecord: never throws; what is read is within bounds, holds no address that nobody has, and what is written of it is read as the same";

    public override IReadOnlyList<byte[]> Words =>
        [s_between, [0, 0, 0, 4, 0, 3, 0xFF, 0], [0, 3, 0, 2], [0, 4, 0, 4], [0, 6, 0, 16], [0xFF, 0, 0, 44], "\u0002c1\u0004home\u0007example\0"u8.ToArray()];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        var key = new PublicKey([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        var other = new PublicKey([.. Enumerable.Range(7, 32).Select(i => (byte)i)]);
        var four = RealAddress.FromIPv4(0xCB00_710A, 4916);
        var six = new RealAddress(0x2001_0DB8_0000_0000, 16, 4916);
        var whole = new NtmRecordEntry(1, "c1.home.example", 4916, key, [four, six]).Encode();
        yield return ("whole", whole);
        yield return ("itself", new NtmRecordEntry(2, "", 4916, other, []).Encode());
        yield return ("two", [.. whole, .. s_between, .. new NtmRecordEntry(2, "", 53, other, [six.WithPort(53)]).Encode()]);
        yield return ("alias", [0, 0, .. "\u0002c1\u0004home\u0007example\0"u8]);
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var data = new List<byte[]>();
        for (var rest = input; ;)
        {
            var at = rest.IndexOf(s_between);
            data.Add((at < 0 ? rest : rest[..at]).ToArray());
            if (at < 0)
            {
                break;
            }

            rest = rest[(at + s_between.Length)..];
        }

        var reason = NtmRecord.Read(Zone, data, out var entries);
        Require((reason is null) == (entries.Count > 0), "there are entries or there is a reason");
        foreach (var entry in entries)
        {
            Require(entry.Hints.Count <= NtmRecord.EndpointsMost && entry.Hints.All(h => h.Port == entry.Port && NtmRecordEntry.IsReachable(h)), "hints are within bounds");
            Require(!entry.Key.IsZero && entry.Priority > 0 && entry.Port > 0, "an entry has a key, a priority and a port");
            var again = entry.Encode();
            Require(NtmRecordEntry.Decode(again, Zone, out var same) is null && same!.Encode().AsSpan().SequenceEqual(again), "what is written is read as the same");
        }

        var whole = NtmRecord.Of(Zone, entries, out var record);
        Require((whole is null) == (record is not null), "there is a record or there is a reason");
        Require(record is null || (record.Coordinators.Count is > 0 and <= NtmRecord.CoordinatorsMost
            && record.Coordinators.All(c => c.Endpoints.Count is > 0 and <= NtmRecord.EndpointsMost)), "a record is within bounds");
        return (Outcome(reason ?? "") * 31) + (record?.Coordinators.Count ?? 0);
    }
}
