using Ntm.Protocol;
using Ntm.Simulation;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>One end: a table, its outbox and what came of everything it was handed.</summary>
internal sealed class Party
{
    private readonly TunnelRig _rig;

    public Party(TunnelRig rig, StaticKeyPair key, string address, ulong seed, ulong mark = 0, int replayWindow = Limits.ReplayWindowNode, int lanes = 1)
    {
        _rig = rig;
        Assert.True(RealAddress.TryParse(address, out var parsed));
        Address = parsed;
        Table = new TunnelTable(key, new SeededEntropy(seed), Outbox, mark, replayWindow, lanes)
        {
            OnChange = (now, tunnel, change) => Changes.Add((now.Boot, tunnel, change)),
        };
    }

    /// <summary>Where its datagrams come from; may be changed (a NAT's new mapping).</summary>
    public RealAddress Address { get; set; }

    public Outbox Outbox { get; } = new();

    public TunnelTable Table { get; }

    public PublicKey Public => Table.Key.Public;

    public WirePath Path => new(0, Address, 0);

    public List<(TimeSpan At, Tunnel.Tunnel Tunnel, TunnelChange Change)> Changes { get; } = [];

    public List<byte[]> Data { get; } = [];

    public List<OpenVerdict> Verdicts { get; } = [];

    public OpenVerdict Take(WirePath from, ReadOnlySpan<byte> bytes)
    {
        var packet = new Packet();
        packet.Fill(bytes);
        packet.Path = from;
        var verdict = Table.Open(_rig.Now, packet, out var tunnel);
        Verdicts.Add(verdict);
        if (verdict == OpenVerdict.Data)
        {
            Assert.NotNull(tunnel);
            Data.Add(packet.Bytes.ToArray());
        }

        return verdict;
    }

    /// <summary>A packet from the TUN.</summary>
    public Disposition Seal(Tunnel.Tunnel tunnel, byte[] inner)
    {
        var packet = new Packet();
        packet.Fill(inner);
        Table.Seal(_rig.Now, tunnel, packet);
        if (packet.Disposition == Disposition.ToWire)
        {
            _rig.Put(this, packet.Path, packet.Bytes.ToArray());
        }

        return packet.Disposition;
    }
}

/// <summary>A datagram that went out, as the wire saw it.</summary>
internal sealed record Sent(TimeSpan At, Party From, WirePath Path, byte[] Bytes)
{
    public byte Type => Bytes[0];
}

/// <summary>Two parties, hand-held time, and a wire whose fate is a function. A has the lower key.</summary>
internal sealed class TunnelRig
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<(Party To, WirePath From, byte[] Bytes), (TimeSpan, int)> _flying = new();
    private int _order;

    public TunnelRig(TunnelKind kind = TunnelKind.Ntm, byte[]? presharedKey = null, ulong seed = 1, int replayWindow = Limits.ReplayWindowNode, int lanes = 1)
    {
        var entropy = new SeededEntropy(seed);
        var (a, b) = (StaticKeyPair.Generate(entropy), StaticKeyPair.Generate(entropy));
        (a, b) = a.Public < b.Public ? (a, b) : (b, a);
        A = new Party(this, a, "192.0.2.1:4916", seed + 100, replayWindow: replayWindow, lanes: lanes);
        B = new Party(this, b, "198.51.100.2:4916", seed + 200, replayWindow: replayWindow, lanes: lanes);
        AtoB = A.Table.Add(b.Public, kind, presharedKey);
        BtoA = B.Table.Add(a.Public, kind, presharedKey);
        AtoB.SendPath = B.Path;
        BtoA.SendPath = A.Path;
    }

    public Party A { get; set; }

    public Party B { get; set; }

    /// <summary>A's tunnel with B.</summary>
    public Tunnel.Tunnel AtoB { get; set; }

    /// <summary>B's tunnel with A.</summary>
    public Tunnel.Tunnel BtoA { get; set; }

    public TimeSpan Boot { get; set; } = TimeSpan.FromHours(1);

    public Now Now => new(Boot, Start + Boot);

    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How late a datagram arrives beyond the latency; null: never. By default at once.</summary>
    public Func<Sent, TimeSpan?> Fate { get; set; } = _ => TimeSpan.Zero;

    /// <summary>All that went out, lost or not.</summary>
    public List<Sent> Log { get; } = [];

    public static byte[] IPv4(int length, byte fill = 0x5a)
    {
        var packet = new byte[length];
        packet.AsSpan().Fill(fill);
        packet[0] = 0x45;
        packet[2] = (byte)(length >> 8);
        packet[3] = (byte)length;
        return packet;
    }

    public static byte[] IPv6(int length, byte fill = 0xa5)
    {
        var packet = new byte[length];
        packet.AsSpan().Fill(fill);
        packet[0] = 0x60;
        packet[4] = (byte)((length - 40) >> 8);
        packet[5] = (byte)(length - 40);
        return packet;
    }

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>What <paramref name="from"/> sent of a type since <paramref name="since"/>.</summary>
    public List<Sent> Of(Party from, byte type, TimeSpan since = default) => Log.FindAll(s => s.From == from && s.Type == type && s.At >= since);

    public void Put(Party from, WirePath path, byte[] bytes)
    {
        var sent = new Sent(Boot, from, path, bytes);
        Log.Add(sent);
        var to = from == A ? B : A;
        if (Fate(sent) is { } late)
        {
            _flying.Enqueue((to, new WirePath(0, from.Address, 0), bytes), (Boot + Latency + late, _order++));
        }
    }

    /// <summary>Puts what is in the outboxes on the wire.</summary>
    public void Drain()
    {
        foreach (var party in (Party[])[A, B])
        {
            while (party.Outbox.TryTakeDatagram(out var path, out var bytes))
            {
                Put(party, path, bytes);
            }
        }
    }

    /// <summary>Lets time pass, waking each party when it asked to be.</summary>
    public void Run(TimeSpan time)
    {
        var end = Boot + time;
        Drain();
        while (true)
        {
            var next = A.Table.NextDeadline < B.Table.NextDeadline ? A.Table.NextDeadline : B.Table.NextDeadline;
            if (_flying.TryPeek(out _, out var arrival) && arrival.Item1 < next)
            {
                next = arrival.Item1;
            }

            if (next > end)
            {
                break;
            }

            Boot = next > Boot ? next : Boot;
            Step();
        }

        Boot = end;
        Step();
    }

    public void Run(double seconds) => Run(Seconds(seconds));

    /// <summary>A begins, and both stand.</summary>
    public TunnelRig Established()
    {
        A.Table.Begin(Now, AtoB);
        Run(1);
        Assert.True(AtoB.IsEstablished);
        Assert.True(BtoA.IsEstablished);
        return this;
    }

    private void Step()
    {
        while (_flying.TryPeek(out var datagram, out var arrival) && arrival.Item1 <= Boot)
        {
            _flying.Dequeue();
            datagram.To.Take(datagram.From, datagram.Bytes);
            Drain();
        }

        foreach (var party in (Party[])[A, B])
        {
            party.Table.HandleTimeout(Now);
            Assert.True(party.Table.NextDeadline > Boot, "A deadline that has passed would spin the pump.");
            Drain();
        }
    }
}
