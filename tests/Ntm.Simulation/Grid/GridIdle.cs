namespace Ntm.Simulation;

/// <summary>A pair that has talked, and then an hour not.</summary>
/// <param name="FirstPacket">From the next packet to the first that was answered; null: none was.</param>
/// <param name="Lost">Packets of that next stream, one each 20 ms, that were not answered.</param>
/// <param name="BytesAnHour">What crossed the asking home's uplink in the hour, both ways, with headers.</param>
public sealed record GridIdle(TimeSpan? FirstPacket, int Lost, long BytesAnHour);
