namespace Ntm.Protocol.Naming;

/// <summary>Bytes of a DNS message while it is written; numbers are big-endian.</summary>
internal sealed class DnsWriter
{
    private readonly List<byte> _bytes = new(512);

    public int Length => _bytes.Count;

    public void Byte(byte value) => _bytes.Add(value);

    public void Word(ushort value)
    {
        _bytes.Add((byte)(value >> 8));
        _bytes.Add((byte)value);
    }

    public void Double(uint value)
    {
        Word((ushort)(value >> 16));
        Word((ushort)value);
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public byte[] ToArray() => [.. _bytes];
}
