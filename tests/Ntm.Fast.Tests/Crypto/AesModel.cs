using System.Runtime.Intrinsics;

namespace Ntm.Fast.Tests.Crypto;

/// <summary>AES's steps as FIPS 197 writes them, and a carry-less product bit by bit: slow, leaking, and simple enough to be read against the standard.</summary>
internal static class AesModel
{
    private static readonly byte[] s_box = MakeBox();

    // FIPS 197, section 5.1.1.
    internal static Vector128<byte> SubBytes(Vector128<byte> state) => Map(state, (s, i) => s_box[s[i]]);

    // Section 5.1.2: byte i is in row i mod 4 and column i / 4; row r moves by r columns.
    internal static Vector128<byte> ShiftRows(Vector128<byte> state) => Map(state, (s, i) => s[(i + (4 * (i % 4))) % 16]);

    // Section 5.1.3.
    internal static Vector128<byte> MixColumns(Vector128<byte> state) => Map(state, (s, i) =>
    {
        var column = i / 4 * 4;
        byte At(int row) => s[column + ((i + row) % 4)];
        return (byte)(Double(At(0)) ^ Double(At(1)) ^ At(1) ^ At(2) ^ At(3));
    });

    internal static Vector128<ulong> Multiply(ulong a, ulong b)
    {
        UInt128 product = 0;
        for (var i = 0; i < 64; i++)
        {
            product ^= ((b >> i) & 1) == 1 ? (UInt128)a << i : 0;
        }

        return Vector128.Create((ulong)product, (ulong)(product >> 64));
    }

    private static Vector128<byte> Map(Vector128<byte> state, Func<Vector128<byte>, int, byte> map) =>
        Vector128.Create(Enumerable.Range(0, 16).Select(i => map(state, i)).ToArray());

    private static byte Double(byte value) => (byte)((value << 1) ^ ((value >> 7) * 0x1b));

    private static byte Product(byte a, byte b)
    {
        byte product = 0;
        for (; b != 0; b >>= 1, a = Double(a))
        {
            product ^= (b & 1) == 1 ? a : (byte)0;
        }

        return product;
    }

    private static byte[] MakeBox()
    {
        var box = new byte[256];
        for (var i = 0; i < 256; i++)
        {
            var inverse = (byte)Enumerable.Range(0, 256).FirstOrDefault(b => Product((byte)i, (byte)b) == 1);
            box[i] = (byte)(inverse ^ Rotated(inverse, 1) ^ Rotated(inverse, 2) ^ Rotated(inverse, 3) ^ Rotated(inverse, 4) ^ 0x63);
        }

        return box;

        static byte Rotated(byte value, int by) => (byte)((value << by) | (value >> (8 - by)));
    }
}
