using System.Net;
using System.Text;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

public sealed class DeviceTableTests
{
    private readonly Home _home = new(1);

    [Fact]
    public void A_device_gets_its_number_when_it_is_published_and_keeps_it_for_good()
    {
        _home.See(1, "192.168.1.11");
        _home.See(2, "192.168.1.12", "2001:db8:1::12", "fe80::12");
        Assert.Equal([0, 0], _home.Devices.Describe().Select(d => d.Number));
        Assert.Empty(_home.Stored);

        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(2), "nas").Done);
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "Printer.").Done);
        Assert.Equal([new("nas", 1), new("printer", 2)], _home.Devices.Published());
        Assert.True(_home.Devices.Find(1) is { IsPublished: true });
        Assert.True(_home.Devices.Find(0x8001) is { IsPublished: true });
        Assert.False(_home.Devices.Find(0) is { IsPublished: true });

        Assert.True(_home.Devices.Unpublish(_home.Now, Home.Mac(2)).Done);
        Assert.False(_home.Devices.Unpublish(_home.Now, Home.Mac(2)).Done);
        Assert.False(_home.Devices.Find(1) is { IsPublished: true });
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(2), "store").Done);

        var later = new Home(1, _home.Stored);
        Assert.Equal([new("store", 1), new("printer", 2)], later.Devices.Published());
        var nas = later.Devices.Describe().Single(d => d.Mac == Home.Mac(2));
        Assert.Equal(["192.168.1.12", "2001:db8:1::12"], nas.Addresses.Select(a => a.ToString()));
        Assert.Null(nas.LastSeen);
        Assert.True(later.Devices.Publish(later.Now, Home.Mac(3), "new").Done);
        Assert.Equal(3, later.Devices.Published()[2].Number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-nas")]
    [InlineData("na s")]
    [InlineData("nas.attic")]
    [InlineData("büro")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Names_that_are_no_labels_are_refused(string name)
    {
        var verdict = _home.Devices.Publish(_home.Now, Home.Mac(1), name);
        Assert.False(verdict.Done);
        Assert.EndsWith(".", verdict.Reason, StringComparison.Ordinal);
        Assert.Equal(0, _home.Writes);
    }

    [Fact]
    public void A_name_is_unique_and_the_published_are_64_at_most()
    {
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "nas").Done);
        Assert.Contains(Home.Mac(1).ToString(), _home.Devices.Publish(_home.Now, Home.Mac(2), "NAS").Reason, StringComparison.Ordinal);
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "nas").Done);
        for (var i = 2; i <= Limits.PublishedDevices; i++)
        {
            Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(i), $"d{i}").Done);
        }

        Assert.False(_home.Devices.Publish(_home.Now, Home.Mac(99), "one-more").Done);
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "renamed").Done);
        Assert.False(_home.Devices.Publish(_home.Now, new(0x01_00_5E_00_00_01), "multicast").Done);
        Assert.False(_home.Devices.Publish(_home.Now, new(0), "nobody").Done);
    }

    [Fact]
    public void Addresses_are_latest_first_move_between_devices_and_are_bounded()
    {
        _home.See(1, "192.168.1.11", "192.168.1.12", "192.168.1.11");
        Assert.Equal(["192.168.1.12", "192.168.1.11"], Addresses(1));
        _home.See(2, "192.168.1.12");
        Assert.Equal(["192.168.1.11"], Addresses(1));
        Assert.Equal(["192.168.1.12"], Addresses(2));
        for (var i = 0; i < 40; i++)
        {
            _home.See(1, $"2001:db8::{i:x}", $"10.0.0.{i + 1}");
        }

        Assert.Equal(2 * Limits.AddressesPerDevice, Addresses(1).Length);
        Assert.Equal("10.0.0.40", Addresses(1)[0]);
        Assert.Null(_home.Devices.Find(LanAddress.From(IPAddress.Parse("10.0.0.24"))));
        Assert.NotNull(_home.Devices.Find(LanAddress.From(IPAddress.Parse("10.0.0.25"))));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.3.3")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public void Addresses_no_machine_can_be_reached_by_are_not_kept(string address)
    {
        _home.See(1, address);
        Assert.Empty(Addresses(1));
    }

    [Fact]
    public void The_longest_unseen_gives_way_but_no_published_one_and_no_number_is_used_twice()
    {
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "nas").Done);
        _home.See(2, "192.168.1.2");
        Assert.True(_home.Devices.TrySpoke(_home.Now, Find("192.168.1.2"), LanAddress.From(IPAddress.Parse("192.168.1.2"))));
        for (var i = 3; i <= Limits.Devices + 5; i++)
        {
            _home.Sleep(TimeSpan.FromSeconds(1));
            _home.See(i, $"10.1.{i >> 8}.{(byte)i}");
        }

        Assert.Equal(Limits.Devices, _home.Devices.Count);
        Assert.Null(_home.Devices.Find(LanAddress.From(IPAddress.Parse("10.1.0.3"))));
        Assert.NotNull(_home.Devices.Find((ushort)2));

        // After a day without a word the numbered one may go as well; its number goes with it.
        foreach (var device in _home.Devices.Describe().Where(d => d.Number == 0))
        {
            Assert.True(_home.Devices.TrySpoke(_home.Now, Find(device.Addresses[0].ToString()), LanAddress.From(device.Addresses[0])));
        }

        _home.See(5000, "10.2.0.1");
        Assert.Equal(1, _home.Counters[DeviceTable.Full]);
        _home.Sleep(TimeSpan.FromDays(1));
        _home.See(5000, "10.2.0.1");
        Assert.Equal(1, _home.Counters[DeviceTable.Full]);
        Assert.NotNull(_home.Devices.Find(LanAddress.From(IPAddress.Parse("10.2.0.1"))));
        Assert.Null(_home.Devices.Find((ushort)2));
        Assert.NotNull(_home.Devices.Find((ushort)1));

        var last = _home.Devices.Describe().Max(d => d.Number);
        var later = new Home(1, _home.Stored);
        Assert.True(later.Devices.Publish(later.Now, Home.Mac(2), "back").Done || later.Devices.Count == Limits.Devices);
        Assert.DoesNotContain(later.Devices.Published(), d => d.Name == "back" && d.Number <= last);
    }

    [Fact]
    public void When_the_numbers_are_used_up_the_next_is_refused()
    {
        var home = new Home(1, [new(DeviceTable.MarkCollection, DeviceTable.MarkKey, Encoding.UTF8.GetBytes("""{"version":1,"last":32766}"""))]);
        Assert.True(home.Devices.Publish(home.Now, Home.Mac(1), "last").Done);
        Assert.Equal(0x7FFF, home.Devices.Published()[0].Number);
        var verdict = home.Devices.Publish(home.Now, Home.Mac(2), "none-left");
        Assert.False(verdict.Done);
        Assert.Contains("32767", verdict.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("02:00:00:00:00:01", "")]
    [InlineData("02:00:00:00:00:01", "null")]
    [InlineData("02:00:00:00:00:01", "[]")]
    [InlineData("02:00:00:00:00:01", "{")]
    [InlineData("02:00:00:00:00:01", "\u0000\u00ff")]
    [InlineData("02:00:00:00:00:01", """{"version":2,"number":1}""")]
    [InlineData("02:00:00:00:00:01", """{"version":1,"number":0}""")]
    [InlineData("02:00:00:00:00:01", """{"version":1,"number":32768}""")]
    [InlineData("02:00:00:00:00:01", """{"version":1,"number":"x"}""")]
    [InlineData("02:00:00:00:00:01", """{"version":1,"number":1,"name":"Not Good"}""")]
    [InlineData("nonsense", """{"version":1,"number":1}""")]
    public void A_corrupt_entry_is_counted_and_passed_over(string key, string value)
    {
        var home = new Home(1, [
            new(DeviceTable.Collection, key, Encoding.Latin1.GetBytes(value)),
            new("something-else", "x", [1, 2, 3]),
            new(DeviceTable.Collection, "02:00:00:00:00:09", """{"version":1,"number":9,"name":"good","ipv4":"rubbish"}"""u8.ToArray())]);
        Assert.Equal(1, home.Counters[DeviceTable.EntryUnreadable]);
        Assert.Equal([new("good", 9)], home.Devices.Published());
        Assert.True(home.Devices.Publish(home.Now, Home.Mac(1), "next").Done);
        Assert.Equal(10, home.Devices.Published()[1].Number);
    }

    [Fact]
    public void Entries_that_contradict_one_another_are_passed_over()
    {
        var home = new Home(1, [
            new(DeviceTable.Collection, "02:00:00:00:00:01", """{"version":1,"number":3,"name":"a"}"""u8.ToArray()),
            new(DeviceTable.Collection, "02:00:00:00:00:02", """{"version":1,"number":3,"name":"b"}"""u8.ToArray()),
            new(DeviceTable.Collection, "02:00:00:00:00:03", """{"version":1,"number":4,"name":"a"}"""u8.ToArray())]);
        Assert.Equal(2, home.Counters[DeviceTable.EntryUnreadable]);
        Assert.Equal([new("a", 3)], home.Devices.Published());
    }

    [Fact]
    public void A_published_devices_new_address_is_kept_but_not_at_every_change()
    {
        _home.See(1, "192.168.1.11");
        Assert.True(_home.Devices.Publish(_home.Now, Home.Mac(1), "nas").Done);
        var writes = _home.Writes;
        for (var i = 20; i < 36; i++)
        {
            _home.See(1, $"192.168.1.{i}");
        }

        Assert.Equal(writes, _home.Writes);
        _home.Sleep(Limits.DeviceAddressWriteSpacing);
        _home.See(1, "192.168.1.99");
        Assert.Equal(writes + 1, _home.Writes);
        Assert.Equal("192.168.1.99", new Home(1, _home.Stored).Devices.Describe()[0].Addresses[0].ToString());
    }

    private string[] Addresses(int mac) => [.. _home.Devices.Describe().Single(d => d.Mac == Home.Mac(mac)).Addresses.Select(a => a.ToString())];

    private Device Find(string address) => _home.Devices.Find(LanAddress.From(IPAddress.Parse(address)))!;
}
