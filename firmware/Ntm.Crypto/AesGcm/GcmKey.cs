using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Ntm.Crypto.AesGcm;

// A key made ready: AES-256's 15 round keys and the powers of GHASH's key, in memory that the garbage collector neither moves nor copies. Disposing wipes it.
internal sealed unsafe class GcmKey : IDisposable
{
    internal const int KeySize = 32;
    internal const int BlockSize = 16;
    internal const int Rounds = 14;

    // Powers of the hash key, for a group of eight blocks and the block of lengths: each is multiplied by one, so that they are reduced together.
    internal const int Powers = 9;

    // Bytes from the round keys on.
    internal const int Size = RoundKeysSize + PowersSize;

    private const int RoundKeysSize = (Rounds + 2) * BlockSize;
    private const int PowersSize = 2 * Powers * BlockSize;
    private const int CacheLine = 64;

    private readonly byte[] _memory = GC.AllocateArray<byte>(Size + CacheLine, pinned: true);
    private byte* _start;

    internal GcmKey()
    {
        var address = (nuint)Unsafe.AsPointer(ref _memory[0]);
        _start = (byte*)((address + CacheLine - 1) & ~(nuint)(CacheLine - 1));
    }

    /// <exception cref="ObjectDisposedException"></exception>
    internal byte* RoundKeys
    {
        get
        {
            ObjectDisposedException.ThrowIf(_start == null, this);
            return _start;
        }
    }

    // H^9 first, H last, two blocks each, as Ghash wants them.
    internal byte* HashPowers => RoundKeys + RoundKeysSize;

    public void Dispose()
    {
        _start = null;
        CryptographicOperations.ZeroMemory(_memory);
    }
}
