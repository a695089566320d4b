namespace Ntm.Fast.Tests.Crypto;

// Published vectors are hexadecimal text, in lines.
internal static class Hex
{
    internal static byte[] Bytes(string text) =>
        Convert.FromHexString(string.Concat(text.Where(character => !char.IsWhiteSpace(character))));

    internal static string Text(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
}
