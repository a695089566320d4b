namespace Ntm.Fuzz.Wire;

/// <summary>Datagrams that the kernel carries in one piece.</summary>
/// <param name="Segment">Bytes of each but the last.</param>
public sealed record Train(byte[] Bytes, int Segment)
{
    /// <summary>The train as a middleman leaves it.</summary>
    public Train Flipped(int bit)
    {
        var bytes = Bytes.ToArray();
        bytes[bit / 8 % bytes.Length] ^= (byte)(1 << (bit % 8));
        return this with { Bytes = bytes };
    }

    public Train Truncated(int length) => this with { Bytes = Bytes[..(length % Bytes.Length)] };
}
