using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Linux;

public sealed class ListenAddressTests
{
    private static readonly IPAddress[] s_own = [IPAddress.Parse("203.0.113.10"), IPAddress.Parse("203.0.113.11"), IPAddress.Parse("2001:db8::10"), IPAddress.Parse("2001:db8::77")];

    [Theory]
    [InlineData("203.0.113.11:4916 [2001:db8::10]:4916", "203.0.113.11", "2001:db8::10")]
    [InlineData("198.51.100.1:4916", null, null)] // a forwarded port: the address is another machine's
    [InlineData("203.0.113.10:4916 203.0.113.11:4916", null, null)] // one socket cannot be at both
    [InlineData("203.0.113.10:4916 203.0.113.10:443", "203.0.113.10", null)]
    public void The_one_endpoint_that_is_ours(string endpoints, string? ipv4, string? ipv6)
    {
        var read = endpoints.Split(' ').Select(e => RealAddress.TryParse(e, out var address) ? address : default).ToArray();
        Assert.Equal(ipv4, ListenAddress.Of(read, AddressFamily.InterNetwork, s_own)?.ToString());
        Assert.Equal(ipv6, ListenAddress.Of(read, AddressFamily.InterNetworkV6, s_own)?.ToString());
    }
}
