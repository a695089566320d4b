using System.Net;
using System.Text;
using Ntm.Fast.Tests.Store;
using Ntm.Gateway;
using Ntm.Node;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>DHCP leases: dnsmasq's file, and what the device table learns from it.</summary>
public sealed class LeaseTests
{
    private static readonly IPNetwork[] Lan = [IPNetwork.Parse("192.168.1.0/24")];

    private readonly Home _home = new(1);

    [Fact]
    public void A_sleeping_device_is_known_by_its_lease_with_what_it_calls_itself()
    {
        Leased("192.168.1.20", 1, "nas");
        var device = Assert.Single(_home.Devices.Describe());
        Assert.Equal(("nas", "192.168.1.20", 0), (device.Hint, device.Addresses.Single().ToString(), device.Number));
        Assert.Null(device.LastSeen);
        Assert.False(_home.Devices.Publish(_home.Now, Home.Mac(2), null).Done);
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), null).Done);
        Assert.Equal([new("nas", 1)], _home.Devices.Published());
        Assert.Equal("192.168.1.20", new Home(1, _home.Stored).Devices.Describe()[0].Addresses.Single().ToString());

        // No word of its own now: what it said before stands.
        Leased("192.168.1.20", 1, null);
        Assert.Equal("nas", _home.Devices.Describe()[0].Hint);
    }

    [Fact]
    public void What_was_seen_lately_is_better_known_than_a_lease()
    {
        _home.See(1, "192.168.1.20", "192.168.1.21");
        Leased("192.168.1.22", 1, "tv");
        Assert.Equal(["192.168.1.21", "192.168.1.20", "192.168.1.22"], Addresses(1));
        Leased("192.168.1.21", 2, null);
        Assert.Empty(Addresses(2));

        _home.Sleep(Limits.DeviceSeenLately);
        Leased("192.168.1.21", 2, null);
        Assert.Equal(["192.168.1.21"], Addresses(2));
        Assert.Equal(["192.168.1.20", "192.168.1.22"], Addresses(1));
        _home.See(1, "192.168.1.21");
        Assert.Empty(Addresses(2));
    }

    [Fact]
    public void Nobody_gives_way_for_a_lease()
    {
        for (var i = 1; i <= Limits.Devices; i++)
        {
            _home.See(i, $"10.1.{i >> 8}.{(byte)i}");
        }

        _home.Sleep(TimeSpan.FromDays(2));
        Leased("192.168.1.20", 5000, "new");
        Assert.Equal(Limits.Devices, _home.Devices.Count);
        Assert.DoesNotContain(_home.Devices.Describe(), d => d.Mac == Home.Mac(5000));
        _home.Devices.LeasesSeen(_home.Now, [new(IPAddress.Parse("192.168.1.20"), new(0), "x"), new(IPAddress.Parse("127.0.0.1"), Home.Mac(1), "self")]);
        Assert.Equal("self", _home.Devices.Describe().Single(d => d.Mac == Home.Mac(1)).Hint);
    }

    [Fact]
    public void Good_lines_are_read_and_all_others_passed_over()
    {
        const string text = """
            1767225600 02:00:00:00:00:01 192.168.1.20 nas 01:02:00:00:00:00:01
            0 02:00:00:00:00:02 192.168.1.21 * *
            1767225600 06-02:00:00:00:00:03 192.168.1.22 token-ring *
            1767225600 02:00:00:00:00:04 10.0.0.1 elsewhere *
            1767225600 02:00:00:00:00:05 192.168.1.0x20 hexadecimal *
            later 02:00:00:00:00:06 192.168.1.23 when *
            1767225600  02:00:00:00:00:07 192.168.1.24 spaces *
            1767225600 02:00:00:00:00:08 192.168.1.25 Büro_PC.lan ff:00
            duid 00:01:00:01:2d:00:00:00:02:00:00:00:00:01
            1767225600 16777216 2001:db8:1::20 nas 00:01:00:01:2d:00:00:00:02:00:00:00:00:01

            1767225600 02:00:00:00:00:09 192.168.1.26 being-written
            """;
        Lease[] all = [Lease("192.168.1.20", 1, "nas"), Lease("192.168.1.21", 2, null), Lease("192.168.1.25", 8, "b-ro-pc")];
        Assert.Equal(all, LeaseText.Parse(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\n")), Lan));
        for (var cut = 0; cut < text.Length; cut++)
        {
            var read = LeaseText.Parse(Encoding.Latin1.GetBytes(text[..cut].ReplaceLineEndings("\n")), Lan);
            Assert.Equal(all.Take(read.Count), read);
        }
    }

    [Fact]
    public void Leases_are_bounded()
    {
        var text = string.Concat(Enumerable.Range(0, 5000).Select(i => $"1 {Home.Mac(i + 1)} 192.168.1.{i % 200} d{i} *\n"));
        Assert.Equal(Limits.Devices, LeaseText.Parse(Encoding.ASCII.GetBytes(text), Lan).Count);
        Assert.Empty(LeaseText.Parse(Encoding.ASCII.GetBytes($"1 {Home.Mac(1)} 192.168.1.1 {new string('x', 600)} *\n"), Lan));
    }

    [Theory]
    [InlineData("nas", "nas")]
    [InlineData("NAS.lan", "nas")]
    [InlineData("Bob's iPhone", "bob-s-iphone")]
    [InlineData("--a__b--", "a-b")]
    [InlineData("büro", "b-ro")]
    [InlineData("*", null)]
    [InlineData("", null)]
    [InlineData("...", null)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_aaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void What_a_device_calls_itself_becomes_a_label(string text, string? label)
    {
        Assert.Equal(label, NtmName.Suggest(text));
        Assert.True(label is null || NtmName.IsLabel(label));
    }

    [Fact]
    public void The_file_is_read_when_it_changed_and_need_not_be_there()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("leases");
        var file = new LeaseFile(path, Lan);
        file.Look();
        Assert.Empty(file.Leases);
        File.WriteAllText(path, $"1 {Home.Mac(1)} 192.168.1.20 nas *\n");
        file.Look();
        var first = file.Leases;
        Assert.Equal([Lease("192.168.1.20", 1, "nas")], first);
        file.Look();
        Assert.Same(first, file.Leases);
        File.AppendAllText(path, $"1 {Home.Mac(2)} 192.168.1.21 tv *\n");
        file.Look();
        Assert.Equal(2, file.Leases.Count);
        File.Delete(path);
        file.Look();
        Assert.Empty(file.Leases);
    }

    private static Lease Lease(string address, int mac, string? hint) => new(IPAddress.Parse(address), Home.Mac(mac), hint);

    private void Leased(string address, int mac, string? hint) => _home.Devices.LeasesSeen(_home.Now, [Lease(address, mac, hint)]);

    private string[] Addresses(int mac) => [.. _home.Devices.Describe().Single(d => d.Mac == Home.Mac(mac)).Addresses.Select(a => a.ToString())];
}
