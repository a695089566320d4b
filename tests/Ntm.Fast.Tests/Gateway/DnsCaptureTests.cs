using System.Net;
using Ntm.Gateway;
using Ntm.Linux;

namespace Ntm.Fast.Tests.Gateway;

public sealed class DnsCaptureTests
{
    private static readonly LanConfig Lan = new("lan0", [IPNetwork.Parse("192.168.1.0/24"), IPNetwork.Parse("2001:db8:1::/64")], true);
    private static readonly IPNetwork Aliases = IPNetwork.Parse("198.18.0.0/15");

    private static readonly IPAddress Own = IPAddress.Parse("192.168.1.1"), Own6 = IPAddress.Parse("2001:db8:1::1");

    [Fact]
    public void A_family_is_captured_only_where_its_resolver_listens_on_the_lan()
    {
        Assert.Equal((Own, Own6), Resolvers("0.0.0.0", "::"));
        Assert.Equal((Own, null), Resolvers("192.168.1.1", "127.0.0.53"));
        Assert.Equal((null, Own6), Resolvers("127.0.0.1", "2001:db8:1::1"));
        Assert.Equal((null, null), Resolvers("127.0.0.1", "192.0.2.2", "::1"));
        Assert.Equal((null, null), Resolvers());
    }

    [Fact]
    public void The_rules_leave_alone_what_is_the_homes_own()
    {
        var both = DnsCapture.Rules(Lan, Aliases, Own, Own6);
        foreach (var line in new[]
        {
            $"delete table inet {DnsCapture.Table}", "iifname != \"lan0\" return", "ip daddr 198.18.0.0/15 return", "ip daddr 192.168.1.0/24 return",
            "ip6 daddr fc00::/7 return", "ip6 daddr 2001:db8:1::/64 return", "dnat ip to 192.168.1.1\n", "dnat ip6 to 2001:db8:1::1\n",
        })
        {
            Assert.Contains(line, both, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("dnat ip6", DnsCapture.Rules(Lan, Aliases, Own, null), StringComparison.Ordinal);
        Assert.DoesNotContain("dnat ip ", DnsCapture.Rules(Lan, Aliases, null, Own6), StringComparison.Ordinal);
    }

    [Fact]
    public void Listeners_are_read_and_everything_else_is_passed_over()
    {
        const string text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
             100: 0101A8C0:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
             101: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
             102: 0201A8C0:0035 0A0200C0:1234 01 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
             103: 0301A8C0:1335 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
             104: B80D0120000001000000000001000000:0035 00000000000000000000000000000000:0000 07
             105: 0401A8C:0035 00000000:0000
             106: 0401A8C0:0035
             107: XXXXXXXX:0035 00000000:0000
            """;
        Assert.Equal(["127.0.0.53", "192.168.1.1", "2001:db8:1::1"],
            UdpListeners.Parse(text, 53).Select(address => address.ToString()).Order(StringComparer.Ordinal));
        for (var length = 0; length < text.Length; length++)
        {
            UdpListeners.Parse(text[..length], 53);
        }
    }

    private static (IPAddress? IPv4, IPAddress? IPv6) Resolvers(params string[] listeners) =>
        DnsCapture.Resolvers(Lan, [IPAddress.Parse("10.0.0.1"), Own, Own6], listeners.Select(IPAddress.Parse).ToHashSet());
}
