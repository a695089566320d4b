using Ntm.Protocol;

namespace Ntm.Fast.Tests.Sharing;

public sealed class PortSetTests
{
    [Theory]
    [InlineData(null, "all")]
    [InlineData(" ", "all")]
    [InlineData("all", "all")]
    [InlineData("tcp/445", "tcp/445")]
    [InlineData("tcp/445, udp/5000-5010", "tcp/445,udp/5000-5010")]
    [InlineData("udp/7-7", "udp/7")]
    public void Is_written_as_it_is_read(string? text, string written)
    {
        Assert.True(PortSet.TryParse(text, out var ports, out _));
        Assert.Equal(written, ports.ToString());
        Assert.True(PortSet.TryParse(written, out var again, out _) && again.Equals(ports));
    }

    [Theory]
    [InlineData("445")]
    [InlineData("tcp/")]
    [InlineData("tcp/0")]
    [InlineData("tcp/65536")]
    [InlineData("tcp/9-7")]
    [InlineData("tcp/1-2-3")]
    [InlineData("icmp/1")]
    [InlineData("tcp/445,")]
    [InlineData("tcp/+5")]
    public void Refuses_the_rest_and_says_how_it_is_written(string text)
    {
        Assert.False(PortSet.TryParse(text, out var ports, out var problem));
        Assert.Same(PortSet.All, ports);
        Assert.Contains("tcp/5000-5010", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Has_at_most_16_ranges()
    {
        Assert.True(PortSet.TryParse(string.Join(',', Enumerable.Range(1, 16).Select(i => $"tcp/{i}")), out _, out _));
        Assert.False(PortSet.TryParse(string.Join(',', Enumerable.Range(1, 17).Select(i => $"tcp/{i}")), out _, out var problem));
        Assert.Contains("16", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Contains_its_ports_of_its_protocol()
    {
        Assert.True(PortSet.TryParse("tcp/80-90,udp/53", out var ports, out _));
        Assert.True(ports.Contains(PortSet.Tcp, 80) && ports.Contains(PortSet.Tcp, 90) && ports.Contains(PortSet.Udp, 53));
        Assert.False(ports.Contains(PortSet.Tcp, 79) || ports.Contains(PortSet.Tcp, 91) || ports.Contains(PortSet.Udp, 80) || ports.Contains(PortSet.Tcp, 53));
        Assert.True(PortSet.All.Contains(PortSet.Udp, 9));
    }
}
