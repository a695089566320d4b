using Ntm.Fast.Tests.Translation;
using Ntm.Node.Devices;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Devices;

public sealed class AdmissionTests
{
    private const byte Fin = 1;
    private const byte Syn = 2;
    private const byte Rst = 4;
    private const byte Ack = 16;

    private static readonly VirtualAddress s_remote = VirtualAddress.Compose(1, 2, 3);
    private static readonly LanAddress s_lan = LanAddress.FromIPv4(0xC0A80114);
    private readonly Admission _admission = new(8);
    private readonly Device _device = new(new(2)) { Number = 1 };
    private TimeSpan _now = TimeSpan.FromHours(1);

    public AdmissionTests() => _device.IPv4.PutFirst(s_lan);

    [Fact]
    public void A_new_flow_from_outside_needs_a_published_device()
    {
        Assert.Equal(Admission.NotPublished, In(Udp()));
        Assert.Equal(0, _admission.Count);
        _device.Name = "nas";
        Assert.Null(In(Udp()));
        Assert.Null(Out(Udp()));
        Assert.Equal(1, _admission.Count);
    }

    [Fact]
    public void Answers_pass_until_the_flow_was_idle_too_long()
    {
        Assert.Null(Out(Udp()));
        for (var i = 0; i < 3; i++)
        {
            _now += Limits.FlowUdpIdle;
            Assert.Null(In(Udp()));
        }

        _now += Limits.FlowUdpIdle + TimeSpan.FromTicks(1);
        Assert.Equal(Admission.NotPublished, In(Udp()));
        Assert.Equal(0, _admission.Count);
    }

    [Fact]
    public void Tcp_is_transitory_until_both_sides_spoke_and_after_the_end()
    {
        Assert.Null(Out(Tcp(Syn)));
        Wait(Limits.FlowTcpTransitoryIdle + TimeSpan.FromSeconds(1));
        Assert.Equal(Admission.NotPublished, In(Tcp(Syn | Ack)));

        Assert.Null(Out(Tcp(Syn)));
        Assert.Null(In(Tcp(Syn | Ack)));
        Wait(Limits.FlowTcpIdle);
        Assert.Null(In(Tcp(Ack)));

        // Half closed is not closed.
        Assert.Null(Out(Tcp(Fin | Ack)));
        Wait(Limits.FlowTcpIdle);
        Assert.Null(In(Tcp(Fin | Ack)));
        Wait(Limits.FlowTcpTransitoryIdle);
        Assert.Null(Out(Tcp(Ack)));
        Wait(Limits.FlowTcpTransitoryIdle + TimeSpan.FromSeconds(1));
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack)));

        Assert.Null(Out(Tcp(Syn)));
        Assert.Null(In(Tcp(Rst | Ack)));
        Wait(Limits.FlowTcpTransitoryIdle + TimeSpan.FromSeconds(1));
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack)));
    }

    [Fact]
    public void After_a_restart_a_connection_of_before_is_taken_up_by_the_remotes_segment_until_the_device_denies_it()
    {
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack)));
        Assert.Null(In(Tcp(Ack), mayResume: true));
        Assert.Null(Out(Tcp(Ack)));
        Wait(Limits.FlowTcpTransitoryIdle + TimeSpan.FromSeconds(1));
        Assert.Null(In(Tcp(Ack)));   // the device's own flow now, for as long as any

        Assert.Null(In(Tcp(Ack), 2, mayResume: true));
        Assert.Equal(Admission.NoFlow, Out(Tcp(Rst), 2));
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack), 2));
    }

    [Fact]
    public void Resumed_flows_nobody_answers_for_hold_no_more_than_the_remotes_half()
    {
        Assert.Null(Out(Tcp(Syn), 100));
        for (ushort port = 1; port < 50; port++)
        {
            Assert.Null(In(Tcp(Ack), port, mayResume: true));
        }

        Assert.Equal(5, _admission.Count);
        Assert.Null(In(Tcp(Syn | Ack), 100));
    }

    [Fact]
    public void An_ended_connection_opens_no_door()
    {
        Assert.Null(Out(Tcp(Syn)));
        Assert.Null(In(Tcp(Syn | Ack)));
        Assert.Null(In(Tcp(Rst)));
        Assert.Equal(Admission.NotPublished, In(Tcp(Syn)));
        Assert.Null(Out(Tcp(Syn)));
        Assert.Null(In(Tcp(Syn | Ack)));
        Wait(Limits.FlowTcpIdle);
        Assert.Null(In(Tcp(Ack)));
    }

    [Fact]
    public void A_connection_under_way_is_picked_up_by_the_devices_next_packet()
    {
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack)));
        Assert.Null(Out(Tcp(Ack)));
        Assert.Null(In(Tcp(Ack)));
    }

    [Fact]
    public void Resets_and_echo_replies_begin_nothing()
    {
        _device.Name = "nas";
        Assert.Equal(Admission.NoFlow, Out(Tcp(Rst)));
        Assert.Equal(Admission.NoFlow, In(Tcp(Rst | Ack)));
        Assert.Equal(Admission.NoFlow, Out(Echo(129)));
        Assert.Equal(Admission.NoFlow, In(Echo(129)));
        Assert.Equal(0, _admission.Count);
        Assert.Null(In(Echo(128)));
        Assert.Null(Out(Echo(129)));
    }

    [Fact]
    public void A_name_taken_back_ends_what_remotes_began_but_not_what_the_device_begins()
    {
        _device.Name = "nas";
        Assert.Null(In(Tcp(Syn)));
        Assert.Null(Out(Tcp(Syn | Ack)));
        Assert.True(_admission.TryError(_now, Key(Tcp(Ack), 1), true, _device, out _, out _));
        Assert.False(_admission.TryError(_now, Key(Tcp(Ack), 1), false, _device, out _, out _)); // published still, but not on this port or to this owner any more
        _device.Name = null;
        Assert.Equal(Admission.NotPublished, In(Tcp(Ack)));
        Assert.Equal(Admission.NotPublished, Out(Tcp(Ack)));
        Assert.False(_admission.TryError(_now, Key(Tcp(Ack), 1), false, _device, out _, out _));
        Assert.Null(Out(Tcp(Syn)));
        Assert.Null(In(Tcp(Syn | Ack)));
    }

    [Fact]
    public void The_longest_silent_gives_way()
    {
        for (ushort port = 1; port <= 8; port++)
        {
            _now += TimeSpan.FromMilliseconds(1);
            Assert.Null(Out(Udp(), port));
        }

        Assert.Null(In(Udp(), 1));
        Assert.Null(Out(Udp(), 9));
        Assert.Equal(8, _admission.Count);
        Assert.Null(In(Udp(), 1));
        Assert.Equal(Admission.NotPublished, In(Udp(), 2));
        Assert.Null(In(Udp(), 3));
    }

    [Fact]
    public void What_remotes_begin_takes_half_of_the_table_at_most()
    {
        _device.Name = "nas";
        for (ushort port = 1; port <= 8; port++)
        {
            Assert.Null(Out(Udp(), port));
        }

        for (ushort port = 100; port < 200; port++)
        {
            Assert.Null(In(Udp(), port));
            Assert.Equal(8, _admission.Count);
        }

        _device.Name = null;
        for (ushort port = 1; port <= 8; port++)
        {
            Assert.Equal(port <= 4 ? Admission.NotPublished : null, In(Udp(), port));
        }
    }

    [Fact]
    public void A_random_walk_keeps_the_table_bounded_and_answers_open()
    {
        const int seed = 31_337;
        var random = new Random(seed);
        var last = new Dictionary<ushort, TimeSpan>();
        var order = new List<ushort>();
        for (var i = 0; i < 50_000; i++)
        {
            _now += TimeSpan.FromSeconds(random.Next(3) == 0 ? random.Next(100) : 0);
            var port = (ushort)random.Next(1, 14);
            if (random.Next(2) == 0)
            {
                Assert.Null(Out(Udp(), port));
                Note(port);
            }
            else
            {
                // The reference model: the last 8 ports in order of use, each for 5 minutes.
                var open = order.Contains(port) && _now - last[port] <= Limits.FlowUdpIdle;
                Assert.True(open == (In(Udp(), port) is null), $"Seed {seed}, step {i}, port {port}.");
                if (open)
                {
                    Note(port);
                }
                else
                {
                    order.Remove(port);
                }
            }

            Assert.Equal(order.Count, _admission.Count);
        }

        void Note(ushort port)
        {
            order.Remove(port);
            order.Add(port);
            last[port] = _now;
            if (order.Count > 8)
            {
                order.RemoveAt(0);
            }
        }
    }

    private static byte[] Udp() => TestPackets.UdpDatagram(1, 2, []);

    private static byte[] Tcp(int flags) => TestPackets.TcpSegment(1, 2, (byte)flags, [], []);

    private static byte[] Echo(byte type) => TestPackets.IcmpMessage(type, 0, 1, []);

    private static InnerPacket Read(byte[] transport)
    {
        var protocol = transport.Length == 20 ? (byte)6 : transport[0] >= 128 ? (byte)58 : (byte)17;
        var vip = TestPackets.Vip(s_remote);
        Assert.True(InnerPacket.TryRead(TestPackets.MakeIPv6(vip, vip, protocol, transport), out var read, out _));
        return read;
    }

    private static FlowKey Key(byte[] transport, ushort port) => new(s_remote, 1, port, 2, Read(transport).Protocol);

    private string? Out(byte[] transport, ushort port = 1)
    {
        _admission.TryOutbound(_now, Key(transport, port), Read(transport), _device.IsPublished, s_lan, out var reason);
        return reason;
    }

    private string? In(byte[] transport, ushort port = 1, bool mayResume = false)
    {
        if (_admission.TryInbound(_now, Key(transport, port), Read(transport), _device.IsPublished, _device, out var local, out var reason, mayResume))
        {
            Assert.Equal(s_lan, local);
        }

        return reason;
    }

    private void Wait(TimeSpan time) => _now += time;
}
