using System.Runtime.InteropServices;

namespace Ntm.Crypto;

// OpenSSL's OSSL_PARAM: one named argument of a call; a list ends with one whose name is null (default).
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Parameter
{
    private const uint OSSL_PARAM_UNSIGNED_INTEGER = 2;
    private const uint OSSL_PARAM_UTF8_STRING = 4;

    private byte* _name;
    private uint _type;
    private void* _data;
    private nuint _size;
    private nuint _returnSize;

    // Both names and both data must stay where they are until the call returns.
    internal static Parameter Number(byte* name, nuint* value) =>
        new() { _name = name, _type = OSSL_PARAM_UNSIGNED_INTEGER, _data = value, _size = (nuint)sizeof(nuint) };

    internal static Parameter Text(byte* name, byte* text, int length) =>
        new() { _name = name, _type = OSSL_PARAM_UTF8_STRING, _data = text, _size = (nuint)length };
}
