using Ntm.Protocol;

namespace Ntm.Fast.Tests.Simulation;

/// <summary>A toy core: sends back what comes, to where it came from; hands packets from the TUN back to it; ticks on request.</summary>
internal sealed class EchoCore : ICore
{
    public List<(TimeSpan At, WirePath Path, byte[] Bytes)> Received { get; } = [];

    public List<TimeSpan> Woken { get; } = [];

    public Queue<TimeSpan> Deadlines { get; } = new();

    /// <summary>Whether datagrams are answered; else only kept.</summary>
    public bool Answers { get; init; } = true;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            Received.Add((now.Boot, batch[i].Path, batch[i].Bytes.ToArray()));
            batch[i].Disposition = Answers ? Disposition.ToWire : Disposition.Drop;
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Disposition = Disposition.ToTun;
        }
    }

    public void HandleTimeout(Now now)
    {
        Woken.Add(now.Boot);
        while (Deadlines.Count > 0 && Deadlines.Peek() <= now.Boot)
        {
            Deadlines.Dequeue();
        }
    }

    public TimeSpan NextDeadline => Deadlines.Count > 0 ? Deadlines.Peek() : TimeSpan.MaxValue;

    public Outbox Outbox { get; } = new();
}
