using Ntm.Fast.Tests.Convention;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>A published test vector, a line of Vectors/.</summary>
internal sealed record GcmVector(string Where, byte[] Key, byte[] Nonce, byte[] AssociatedData, byte[] Text, byte[] Sealed, byte[] Tag, bool Fits)
{
    internal static IEnumerable<GcmVector> Of(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(House.Root(), "tests", "Ntm.Fast.Tests", "Crypto", "Vectors", file));
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith('#'))
            {
                continue;
            }

            var fields = lines[i].Split(' ');
            var bytes = fields[..6].Select(f => f == "-" ? [] : Hex.Bytes(f)).ToArray();
            yield return new($"{file}:{i + 1}", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], fields[6] == "fits");
        }
    }
}
