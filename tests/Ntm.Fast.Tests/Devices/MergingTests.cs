using System.Net;
using System.Text;
using Ntm.Fast.Tests.Translation;
using Ntm.Node.Devices;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

/// <summary>One machine under several MAC addresses, by its owner's word.</summary>
public sealed class MergingTests
{
    private static readonly VirtualAddress Remote = VirtualAddress.Compose(0x1122334455, 2, 3);

    private readonly Home _home = new(1);

    private DeviceTable Devices => _home.Devices;

    [Fact]
    public void Both_lead_to_the_firsts_number_and_name_over_restarts_and_the_seconds_number_is_nobodys()
    {
        _home.See(1, "192.168.1.11");
        _home.Sleep(TimeSpan.FromSeconds(1));
        _home.See(2, "192.168.1.12", "2001:db8:1::12");
        Assert.True(Devices.Publish(_home.Now, Home.Mac(1), "phone").Done);
        Assert.True(Devices.Publish(_home.Now, Home.Mac(2), "gone").Done);
        Assert.True(Devices.Unpublish(_home.Now, Home.Mac(2)).Done);

        var verdict = Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2));
        Assert.True(verdict.Done, verdict.Reason);
        Assert.Contains("published as 'phone' (number 1)", verdict.Reason, StringComparison.Ordinal);
        Assert.True(Devices.Merge(_home.Now, Home.Mac(2), Home.Mac(1)).Done); // as it was already
        foreach (var home in new[] { _home, new Home(1, _home.Stored) })
        {
            var device = Assert.Single(home.Devices.Describe());
            Assert.Equal((1, "phone"), (device.Number, device.Name));
            Assert.Equal([Home.Mac(1), Home.Mac(2)], device.Macs);
            Assert.Null(home.Devices.Find((ushort)2));
            Assert.Equal("192.168.1.12", device.Addresses[0].ToString());

            home.See(2, "192.168.1.13");
            Assert.Equal("192.168.1.13", home.Devices.Describe()[0].Addresses[0].ToString());
            Assert.True(home.Devices.Publish(home.Now, Home.Mac(2), "handy").Done);
            Assert.Equal([new("handy", 1)], home.Devices.Published());
            Assert.True(home.Devices.Publish(home.Now, Home.Mac(3), "third").Done);
            Assert.Equal(3, home.Devices.Published()[1].Number);
            Assert.True(home.Devices.Unpublish(home.Now, Home.Mac(3)).Done);
            Assert.True(home.Devices.Publish(home.Now, Home.Mac(1), "phone").Done);
        }
    }

    [Fact]
    public void A_name_stays_whosever_it_was_and_of_two_one_must_go_first()
    {
        Assert.True(Devices.Publish(_home.Now, Home.Mac(2), "nas").Done);
        Assert.True(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2)).Done);
        Assert.Equal([new("nas", 2)], Devices.Published());

        Assert.True(Devices.Publish(_home.Now, Home.Mac(3), "tv").Done);
        var verdict = Devices.Merge(_home.Now, Home.Mac(3), Home.Mac(1));
        Assert.False(verdict.Done);
        Assert.Contains("'tv'", verdict.Reason, StringComparison.Ordinal);
        Assert.Contains("'nas'", verdict.Reason, StringComparison.Ordinal);
        Assert.Equal(2, Devices.Published().Count);
        Assert.True(Devices.Unpublish(_home.Now, Home.Mac(2)).Done);
        Assert.True(Devices.Merge(_home.Now, Home.Mac(3), Home.Mac(1)).Done);
        Assert.Equal([new("tv", 3)], Devices.Published());
        Assert.Equal(3, Assert.Single(Devices.Describe()).Macs.Count);
    }

    [Fact]
    public void What_cannot_be_merged_is_said_and_changes_nothing()
    {
        Assert.False(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(1)).Done);
        Assert.False(Devices.Merge(_home.Now, Home.Mac(1), new(0x01_00_5E_00_00_01)).Done);
        Assert.False(Devices.Merge(_home.Now, new(0), Home.Mac(1)).Done);
        Assert.Equal((0, 0), (Devices.Count, _home.Writes));
        for (var i = 2; i <= Limits.MacsPerDevice; i++)
        {
            Assert.True(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(i)).Done);
        }

        Assert.False(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(17)).Done);
        Assert.False(Devices.Merge(_home.Now, Home.Mac(18), Home.Mac(5)).Done);
        Assert.Equal(Limits.MacsPerDevice, Assert.Single(Devices.Describe()).Macs.Count);
    }

    [Fact]
    public void Addresses_are_the_later_seens_first_and_stay_bounded()
    {
        for (var i = 1; i <= Limits.AddressesPerDevice; i++)
        {
            _home.See(1, $"192.168.1.{i}");
            _home.See(2, $"192.168.2.{i}");
        }

        _home.Sleep(TimeSpan.FromSeconds(1));
        _home.See(1, "192.168.1.99");
        Assert.True(Devices.Merge(_home.Now, Home.Mac(2), Home.Mac(1)).Done);
        var addresses = Devices.Describe()[0].Addresses.Select(a => a.ToString()).ToArray();
        Assert.Equal(Limits.AddressesPerDevice, addresses.Length);
        Assert.Equal("192.168.1.99", addresses[0]);
        Assert.Null(Devices.Find(LanAddress.From(IPAddress.Parse("192.168.2.16"))));
        Assert.All(addresses, a => Assert.Equal(1, Devices.Find(LanAddress.From(IPAddress.Parse(a)))!.Number));
    }

    [Fact]
    public void Either_address_is_reached_by_the_one_number_and_speaks_with_it()
    {
        _home.See(1, "192.168.1.11");
        _home.See(2, "192.168.1.12");
        Assert.True(Devices.Publish(_home.Now, Home.Mac(1), "phone").Done);
        Assert.True(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2)).Done);
        var alias = _home.AliasOf(Remote);
        foreach (var local in new[] { "192.168.1.11", "192.168.1.12" })
        {
            _home.MustSend(TestPackets.MakeIPv4(TestPackets.IPv4(local), TestPackets.IPv4(alias), 17, TestPackets.UdpDatagram(4000, 53, [1])));
            Assert.Equal(TestPackets.Vip(_home.Own.WithNumber(1)), _home.Packet.Bytes[8..24].ToArray());
        }

        _home.MustReceive(TestPackets.MakeIPv6(TestPackets.Vip(Remote), TestPackets.Vip(_home.Own.WithNumber(1)), 6, TestPackets.TcpSegment(5000, 80, 2, [], [])), Remote);
        Assert.Equal(TestPackets.IPv4("192.168.1.12"), _home.Packet.Bytes[16..20].ToArray());
    }

    [Fact]
    public void What_is_split_off_is_a_device_of_its_own_and_number_and_name_stay_with_the_others()
    {
        _home.See(1, "192.168.1.11");
        _home.See(2, "192.168.1.12");
        Assert.True(Devices.Publish(_home.Now, Home.Mac(1), "phone").Done);
        Assert.True(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2)).Done);
        Assert.False(Devices.Split(_home.Now, Home.Mac(1), Home.Mac(3)).Done);

        // The first, under which it was kept, too.
        var verdict = Devices.Split(_home.Now, Home.Mac(2), Home.Mac(1));
        Assert.True(verdict.Done, verdict.Reason);
        Assert.False(Devices.Split(_home.Now, Home.Mac(2), Home.Mac(2)).Done);
        foreach (var home in new[] { _home, new Home(1, _home.Stored) })
        {
            var device = home.Devices.Describe()[0];
            Assert.Equal((1, "phone", Home.Mac(2)), (device.Number, device.Name, device.Macs.Single()));
            Assert.Empty(device.Addresses);
            home.See(1, "192.168.1.11");
            home.See(2, "192.168.1.12");
            Assert.Equal([1, 0], home.Devices.Describe().Select(d => d.Number));
            Assert.True(home.Devices.Publish(home.Now, Home.Mac(1), "old").Done);
            Assert.Contains(new("old", 2), home.Devices.Published());
            Assert.True(home.Devices.Unpublish(home.Now, Home.Mac(1)).Done);
        }
    }

    [Fact]
    public void Merged_devices_never_give_way_and_their_addresses_count()
    {
        Assert.True(Devices.Merge(_home.Now, Home.Mac(1), Home.Mac(2)).Done);
        for (var i = 3; i <= Limits.Devices + 50; i++)
        {
            _home.See(i, $"10.1.{i >> 8}.{(byte)i}");
        }

        Assert.Equal(Limits.Devices, Devices.Count);
        _home.Sleep(TimeSpan.FromDays(2));
        Assert.NotNull(Devices.Find((ushort)1));
        Assert.True(Devices.Merge(_home.Now, Home.Mac(5001), Home.Mac(5002)).Done);
        Assert.Equal(Limits.Devices, Devices.Count);
    }

    [Theory]
    [InlineData("""["02:00:00:00:00:01"]""")]
    [InlineData("""["02:00:00:00:00:02","02:00:00:00:00:02"]""")]
    [InlineData("""["02:00:00:00:00:09"]""")]
    [InlineData("""["01:00:5e:00:00:01"]""")]
    [InlineData("""["rubbish"]""")]
    [InlineData("""[null]""")]
    [InlineData("""[7]""")]
    [InlineData("\"02:00:00:00:00:02\"")]
    public void A_damaged_list_of_mac_addresses_is_counted_and_passed_over(string macs)
    {
        var home = new Home(1, [
            new(DeviceTable.Collection, "02:00:00:00:00:09", """{"version":1,"number":9,"name":"good","macs":["02:00:00:00:00:0a"]}"""u8.ToArray()),
            new(DeviceTable.Collection, "02:00:00:00:00:01", Encoding.UTF8.GetBytes($$"""{"version":1,"number":1,"name":"bad","macs":{{macs}}}"""))]);
        Assert.Equal(1, home.Counters[DeviceTable.EntryUnreadable]);
        Assert.Equal([new("good", 9)], home.Devices.Published());
        Assert.Equal(2, home.Devices.Count);
    }

    [Fact]
    public void More_mac_addresses_than_a_device_may_have_are_not_read()
    {
        var macs = string.Join(',', Enumerable.Range(2, Limits.MacsPerDevice).Select(i => $"\"{Home.Mac(i)}\""));
        var home = new Home(1, [new(DeviceTable.Collection, "02:00:00:00:00:01", Encoding.UTF8.GetBytes($$"""{"version":1,"number":1,"macs":[{{macs}}]}"""))]);
        Assert.Equal((1, 0), (home.Counters[DeviceTable.EntryUnreadable], home.Devices.Count));
    }
}
