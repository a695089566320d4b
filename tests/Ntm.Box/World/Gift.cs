using System.Security.Cryptography;

namespace Ntm.Box.World;

/// <summary>
/// A file to be fetched: random bytes with a random 16-byte watermark in every 128 bytes. Wherever a piece of it passes in the clear, a capture holds the
/// watermark; where it passes sealed, it does not. That makes "nobody in between could read it" something that is looked for rather than said.
/// </summary>
internal sealed record Gift(string Path, int Bytes, byte[] Watermark)
{
    private const int Stride = 128;

    public static async Task<Gift> MakeAsync(string path, int bytes, CancellationToken stop)
    {
        var content = RandomNumberGenerator.GetBytes(bytes);
        var watermark = RandomNumberGenerator.GetBytes(16);
        for (var at = 0; at + watermark.Length <= bytes; at += Stride)
        {
            watermark.CopyTo(content, at);
        }

        await File.WriteAllBytesAsync(path, content, stop);
        return new Gift(path, bytes, watermark);
    }

    /// <summary>How many of these packets show it.</summary>
    public int ShownBy(IEnumerable<SeenPacket> packets) => packets.Count(p => p.Payload.Span.IndexOf(Watermark) >= 0);
}
