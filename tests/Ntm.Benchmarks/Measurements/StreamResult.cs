namespace Ntm.Benchmarks.Measurements;

/// <summary>What came of a stream of packets.</summary>
/// <param name="Duration">Of the sending.</param>
internal readonly record struct StreamResult(int Sent, int Received, TimeSpan Duration)
{
    /// <summary>0 to 1.</summary>
    public double Loss => Sent == 0 ? 1 : Math.Max(0, 1 - ((double)Received / Sent));

    /// <summary>Packets a second.</summary>
    public double SentRate => Sent / Duration.TotalSeconds;

    public double ReceivedRate => Received / Duration.TotalSeconds;
}
