using System.Text;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fuzz.Tables;

/// <summary>Kept entries of the device and alias tables. Byte 0 modulo 3: which table; then the key up to a zero byte, then the value.</summary>
public sealed class StoredDevicesTarget : Target
{
    private static readonly string[] s_collections = [DeviceTable.Collection, DeviceTable.MarkCollection, AliasTable.Collection];
    private static readonly Now s_now = new(TimeSpan.FromHours(1), new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public override string Name => "stored-devices";

    public override string Law => "DeviceTable.Load, AliasTable.Load: never throws; an entry is used once or counted as unreadable; the tables work afterwards";

    public override int LongestInput => 256;

    public override IReadOnlyList<byte[]> Words =>
        [.. new[] { "null", "\"version\":1", "\"number\":", "\"name\":\"", "\"iPv4\":\"", "\"macs\":[", "\"02:00:00:00:00:03\",", "32767", "32768", "-1", "1e3", "\\ud800", "fd11:2233:4455::1", "198.18.0.2" }.Select(Encoding.UTF8.GetBytes)];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("device", [0, .. "02:00:00:00:00:01\0{\"version\":1,\"number\":1,\"name\":\"nas\",\"iPv4\":\"192.168.77.10\",\"iPv6\":\"2001:db8::10\"}"u8]),
        ("device-merged", [0, .. "02:00:00:00:00:01\0{\"version\":1,\"number\":1,\"name\":\"nas\",\"macs\":[\"02:00:00:00:00:03\",\"02:00:00:00:00:04\"]}"u8]),
        ("device-unnamed", [0, .. "02:00:00:00:00:02\0{\"version\":1,\"number\":32767}"u8]),
        ("mark", [1, .. "last-number\0{\"version\":1,\"last\":7}"u8]),
        ("alias", [2, .. "198.18.0.5\0{\"version\":1,\"vip\":\"fd11:2233:4455:1:2:3:4:1\",\"usedOn\":739000}"u8]),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        var end = input.IndexOf((byte)0) is > 0 and var zero ? zero : input.Length;
        var entry = new StoreWrite(s_collections[input[0] % 3], Encoding.Latin1.GetString(input[1..end]), input[Math.Min(end + 1, input.Length)..].ToArray());
        var counters = new Counters();
        var removed = 0;
        if (input[0] % 3 < 2)
        {
            var table = new DeviceTable(counters, _ => removed++);
            table.Load([entry, entry]);
            var devices = table.Describe();
            Require(devices.Count <= 1 && table.Count == devices.Sum(d => d.Macs.Count) && table.Count <= Limits.MacsPerDevice && table.Published().Count <= 1, "one entry is one device");
            table.NeighbourSeen(s_now, new(System.Net.IPAddress.Parse("192.168.77.99"), new(0x0200_0000_0099)));
            Require(table.Publish(s_now, new(0x0200_0000_0099), "other-name-altogether") is { Reason.Length: > 0 }, "the table works");
            return (int)(table.Count + (8 * counters[DeviceTable.EntryUnreadable]));
        }

        var aliases = new AliasTable(Limits.AliasNetwork, 28, counters, _ => removed++);
        aliases.Load([entry, entry]);
        Require(aliases.Count <= 1 && aliases.Describe().Count == aliases.Count, "one entry is one alias");
        Require(aliases.Count + counters[AliasTable.EntryUnreadable] + removed == 2, "an entry is used, counted or taken away");
        Require(aliases.TryGetOrAdd(s_now, VirtualAddress.Compose(1, 2, 3), out _, out _), "the table works");
        return 16 + aliases.Count + (removed * 4) + (int)(8 * counters[AliasTable.EntryUnreadable]);
    }
}
