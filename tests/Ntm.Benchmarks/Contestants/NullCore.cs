using System.Buffers.Binary;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Contestants;

/// <summary>
/// What a tunnel does to a packet, all but encrypting: lookup by receiver index, key age, header, counter, padding, room for the tag, replay window, path
/// learning, statistics and timers. It shows what the cipher costs. It has no keys and no handshake, and stands in the benchmark so that the product has no such thing.
/// </summary>
internal sealed class NullCore(RealAddress endpoint) : ICore
{
    private const int PaddingUnit = 16;
    private const uint Index = 0x4E_54_4D_01;

    private readonly Dictionary<uint, State> _receivers = new() { [Index] = new State { SendPath = new WirePath(0, endpoint, 0) } };

    public Counters Counters { get; } = new();

    public Outbox Outbox { get; } = new();

    public TimeSpan NextDeadline => TimeSpan.MaxValue;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            Open(now, batch[i]);
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        var state = _receivers[Index];
        for (var i = 0; i < batch.Count; i++)
        {
            Seal(now, state, batch[i]);
        }
    }

    public void HandleTimeout(Now now)
    {
        // Its timers are set and cleared as a tunnel's are, and never fall due.
    }

    private static void Seal(Now now, State state, Packet packet)
    {
        var length = packet.Length;
        var padding = Math.Max(length, Math.Min((length + PaddingUnit - 1) & ~(PaddingUnit - 1), Limits.MtuInside)) - length;
        if (now.Boot - state.Made > Limits.RejectAfterTime * 1000 || packet.Headroom < TunnelMessage.TransportHeaderSize || packet.Tailroom < padding + TunnelMessage.TagSize)
        {
            packet.Disposition = Disposition.Drop;
            return;
        }

        packet.GrowTail(padding + TunnelMessage.TagSize);
        packet.GrowHead(TunnelMessage.TransportHeaderSize);
        var bytes = packet.Bytes;
        bytes[(TunnelMessage.TransportHeaderSize + length)..].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, TunnelMessage.Transport);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Index);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], state.Sent++);
        TunnelMessage.WriteChannel(bytes, state.SendPath.Channel);
        packet.Path = state.SendPath;
        packet.Disposition = Disposition.ToWire;
        state.OnSent(now.Boot, bytes.Length);
    }

    private void Open(Now now, Packet packet)
    {
        packet.Disposition = Disposition.Drop;
        var bytes = packet.Bytes;
        if (TunnelMessage.Classify(bytes) != TunnelMessage.Transport)
        {
            Counters.Count("malformed");
            return;
        }

        packet.Path = packet.Path with { Channel = TunnelMessage.ReadChannel(bytes) };
        TunnelMessage.WriteChannel(bytes, 0);
        var counter = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        if (!_receivers.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), out var state) || !state.Window.IsFresh(counter))
        {
            Counters.Count("refused");
            return;
        }

        state.Window.TryEnter(counter);
        state.OnReceived(now.Boot, packet.Path, bytes.Length);
        packet.GrowHead(-TunnelMessage.TransportHeaderSize);
        packet.GrowTail(-TunnelMessage.TagSize);
        var inner = packet.Bytes;
        var claimed = inner.Length < 40 ? 0 : inner[0] >> 4 == 6 ? 40 + BinaryPrimitives.ReadUInt16BigEndian(inner[4..]) : BinaryPrimitives.ReadUInt16BigEndian(inner[2..]);
        if (claimed == 0 || claimed > inner.Length)
        {
            Counters.Count("inner-malformed");
            return;
        }

        packet.SetLength(claimed);
        packet.Disposition = Disposition.ToTun;
    }

    // What a tunnel and its keys remember.
    private sealed class State
    {
        public ReplayWindow Window { get; } = new(Limits.ReplayWindowNode);

        public WirePath SendPath { get; set; }

        public WirePath LastReceivedPath { get; private set; }

        public ulong Sent { get; set; }

        public TimeSpan Made { get; private set; }

        public TimeSpan LastSent { get; private set; }

        public TimeSpan LastReceived { get; private set; }

        public TimeSpan KeepAlive { get; private set; } = TimeSpan.MaxValue;

        public TimeSpan NewHandshake { get; private set; } = TimeSpan.MaxValue;

        public long BytesSent { get; private set; }

        public long BytesReceived { get; private set; }

        public void OnSent(TimeSpan boot, int bytes)
        {
            Made = Made == default ? boot : Made;
            LastSent = boot;
            BytesSent += bytes;
            KeepAlive = TimeSpan.MaxValue;
            NewHandshake = NewHandshake == TimeSpan.MaxValue ? boot + Limits.KeepAliveTimeout + Limits.RekeyTimeout : NewHandshake;
        }

        public void OnReceived(TimeSpan boot, WirePath path, int bytes)
        {
            LastReceived = boot;
            LastReceivedPath = path;
            SendPath = path;
            BytesReceived += bytes;
            NewHandshake = TimeSpan.MaxValue;
            KeepAlive = KeepAlive == TimeSpan.MaxValue ? boot + Limits.KeepAliveTimeout : KeepAlive;
        }
    }
}
