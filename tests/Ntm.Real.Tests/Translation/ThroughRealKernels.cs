using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Ntm.Real.Tests.Translation;

/// <summary>What kernels count, cut, put together and report adds up with what the translation does.</summary>
public sealed partial class ThroughRealKernels
{
    [NeedsRootFact("busybox", "sysctl")]
    public void Traceroute_from_a_device_shows_both_gateways_and_the_device()
    {
        using var lans = new TwoLans();
        var (router, nas) = (lans.Here.AliasOf(lans.There.Own), lans.Here.AliasOf(lans.Nas));
        Assert.Equal(["192.168.1.1", $"{router}", $"{nas}"], Hops(lans.Here.Device.Run($"busybox traceroute -n -q 1 -w 2 -m 5 {nas}")));

        var nas6 = lans.There.Own.WithNumber(0x8001).ToIPAddress();
        Assert.Equal(["2001:db8:a::1", $"{lans.There.Own.ToIPAddress()}", $"{nas6}"], Hops(lans.Here.Device.Run($"busybox traceroute -6 -n -q 1 -w 2 -m 5 {nas6}")));
    }

    [NeedsRootFact("sysctl")]
    public void Datagrams_that_do_not_fit_into_one_packet_arrive_whole_in_both_families()
    {
        using var lans = new TwoLans();
        foreach (var (to, any) in new[]
                 {
                     (lans.Here.AliasOf(lans.Nas), IPAddress.Any),
                     (lans.There.Own.WithNumber(0x8001).ToIPAddress(), IPAddress.IPv6Any),
                     (lans.Nas.ToIPAddress(), IPAddress.Any), // IPv6 here, IPv4 there
                 })
        {
            using var there = lans.There.Device.In(() => new Socket(any.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            using var here = lans.Here.Device.In(() => new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            there.Bind(new IPEndPoint(any, 7000));
            here.Connect(to, 7000);
            (there.ReceiveTimeout, here.ReceiveTimeout) = (400, 400);
            foreach (var size in new[] { 1, 1364, 1365, 1400, 1500, 4000, 20_000 })
            {
                var sent = new byte[size];
                new Random(size).NextBytes(sent);

                // The first that is too long tells the sender of the path's MTU and is lost; so for the answer (RFC 1191, RFC 8201).
                Assert.True(Enumerable.Range(0, 4).Any(_ => ThereAndBack(here, there, any, sent)),
                    $"{size} bytes to {to}: {string.Join(", ", lans.Here.Counters.All)}; {string.Join(", ", lans.There.Counters.All)}");
            }
        }
    }

    private static bool ThereAndBack(Socket here, Socket there, IPAddress any, byte[] sent)
    {
        var buffer = new byte[65_536];
        EndPoint from = new IPEndPoint(any, 0);
        try
        {
            here.Send(sent);
            var length = there.ReceiveFrom(buffer, ref from);
            Assert.Equal(sent, buffer[..length]);
            there.SendTo(buffer.AsSpan(0, length), from);
            length = here.Receive(buffer);
            Assert.Equal(sent, buffer[..length]);
            return true;
        }
        catch (SocketException again) when (again.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.MessageSize)
        {
            return false;
        }
    }

    [NeedsRootFact("ping", "sysctl")]
    public void Whoever_is_refused_hears_of_it()
    {
        using var lans = new TwoLans();
        Assert.Contains("Destination Host Unreachable", Ping("198.18.77.77"), StringComparison.Ordinal);
        var hidden = lans.There.Own.WithNumber(2);
        Assert.Matches("Destination Host Prohibited|Packet filtered", Ping(lans.Here.AliasOf(hidden).ToString()));
        Assert.Contains("Administratively prohibited", Ping(hidden.ToIPAddress().ToString()), StringComparison.Ordinal);
        Assert.Contains("Address unreachable", Ping(
            Ntm.Protocol.VirtualAddress.Compose(0x1122334455, 0xA1A2A3A4A5A6A7A8, 9).ToIPAddress().ToString()), StringComparison.Ordinal);

        string Ping(string address)
        {
            try
            {
                return lans.Here.Device.Run($"ping -n -c 1 -W 2 {address}");
            }
            catch (InvalidOperationException failed)
            {
                return failed.Message;
            }
        }
    }

    private static string[] Hops(string output) => [.. Hop().Matches(output).Select(m => m.Groups[1].Value)];

    [GeneratedRegex(@"^ *\d+ +(\S+)", RegexOptions.Multiline)]
    private static partial Regex Hop();
}
