namespace Ntm.Box.Handover;

/// <summary>How fast a stream is: a constant bit rate, each way.</summary>
/// <param name="Name">For people.</param>
/// <param name="PacketsPerSecond">Of the stream.</param>
/// <param name="Payload">Bytes of each packet's payload.</param>
internal sealed record StreamRate(string Name, int PacketsPerSecond, int Payload)
{
    /// <summary>A call or a game.</summary>
    public static readonly StreamRate Slow = new("500/s", 500, 400);

    private const int Headers = 28; // IPv4 and UDP
    private const int Long = 1200;

    /// <summary>Bytes that a frame on the wire is longer than the payload, at least: UDP and IPv6 inside, the tunnel's, and UDP, IPv4 and Ethernet outside; and what padding and IPv6 outside add at most.</summary>
    private const int FrameLeast = 8 + 40 + 32 + 8 + 20 + 14, FrameMost = FrameLeast + 16 + 20;

    /// <summary>Bits a second of the device's own packets, each way.</summary>
    public double Bits => (double)PacketsPerSecond * (Payload + Headers) * 8;

    /// <summary>The lengths of frames that carry its packets on a link.</summary>
    public (int Least, int Most) Frames => (Payload + FrameLeast, Payload + FrameMost);

    public static StreamRate Of(int megabits) => new($"{megabits} Mb/s", (int)(megabits * 1e6 / 8 / (Long + Headers)), Long);
}
