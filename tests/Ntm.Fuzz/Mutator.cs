using System.Buffers.Binary;
using Ntm.Simulation;

namespace Ntm.Fuzz;

/// <summary>Makes inputs from those of the pool: flips, sets, cuts, doubles, splices, puts in words. Seeded; allocates nothing.</summary>
internal sealed class Mutator(SeededEntropy entropy, int longest, IReadOnlyList<byte[]> words)
{
    private static readonly byte[] s_bytes = [0, 1, 2, 4, 8, 16, 20, 32, 40, 48, 63, 64, 127, 128, 192, 255];
    private static readonly uint[] s_numbers =
        [0, 1, 7, 8, 31, 32, 64, 128, 255, 256, 512, 1232, 1280, 1420, 1500, 4916, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0xFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];

    private readonly byte[] _buffer = new byte[longest];
    private int _length;

    public ReadOnlySpan<byte> Make(List<byte[]> pool)
    {
        if (pool.Count == 0 || entropy.Below(128) == 0)
        {
            _length = entropy.Below(Math.Min(longest, 256) + 1);
            entropy.Fill(_buffer.AsSpan(0, _length));
            return _buffer.AsSpan(0, _length);
        }

        var from = pool[entropy.Below(pool.Count)];
        _length = Math.Min(from.Length, longest);
        from.AsSpan(0, _length).CopyTo(_buffer);
        for (var left = 1 + entropy.Below(entropy.Below(4) == 0 ? 8 : 3); left > 0; left--)
        {
            Mutate(pool);
        }

        return _buffer.AsSpan(0, _length);
    }

    private void Mutate(List<byte[]> pool)
    {
        if (_length == 0)
        {
            Insert(1 + entropy.Below(8));
            return;
        }

        var at = entropy.Below(_length);
        switch (entropy.Below(14))
        {
            case 0:
                _buffer[at] ^= (byte)(1 << entropy.Below(8));
                break;
            case 1:
                _buffer[at] = (byte)entropy.NextWord();
                break;
            case 2:
                _buffer[at] = s_bytes[entropy.Below(s_bytes.Length)];
                break;
            case 3:
                _buffer[at] += (byte)(entropy.Below(33) - 16);
                break;
            case 4 when _length - at >= 2:
                WriteNumber(at, 2);
                break;
            case 5 when _length - at >= 4:
                WriteNumber(at, 4);
                break;
            case 6:
                Remove(at, 1 + entropy.Below(Math.Min(16, _length - at)));
                break;
            case 7:
                Insert(1 + entropy.Below(16));
                break;
            case 8:
                Repeat(at);
                break;
            case 9 when entropy.Below(4) == 0:
                _length = at;
                break;
            case 10:
                Splice(pool[entropy.Below(pool.Count)], at);
                break;
            case 11 when words.Count > 0:
                PutWord(words[entropy.Below(words.Count)], at);
                break;
            case 12:
                var count = 1 + entropy.Below(Math.Min(32, _length - at));
                _buffer.AsSpan(at, count).Fill(s_bytes[entropy.Below(s_bytes.Length)]);
                break;
            default:
                var other = entropy.Below(_length);
                (_buffer[at], _buffer[other]) = (_buffer[other], _buffer[at]);
                break;
        }
    }

    private void WriteNumber(int at, int size)
    {
        var number = s_numbers[entropy.Below(s_numbers.Length)] + (uint)entropy.Below(3) - 1;
        Span<byte> bytes = stackalloc byte[4];
        if (entropy.Below(2) == 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
            bytes[(4 - size)..].CopyTo(_buffer.AsSpan(at));
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            bytes[..size].CopyTo(_buffer.AsSpan(at));
        }
    }

    private void Remove(int at, int count)
    {
        _buffer.AsSpan(at + count, _length - at - count).CopyTo(_buffer.AsSpan(at));
        _length -= count;
    }

    /// <summary>Makes room, filled with noise.</summary>
    private void Insert(int count)
    {
        count = Math.Min(count, longest - _length);
        var at = entropy.Below(_length + 1);
        Open(at, count);
        entropy.Fill(_buffer.AsSpan(at, count));
    }

    private void Open(int at, int count)
    {
        _buffer.AsSpan(at, _length - at).CopyTo(_buffer.AsSpan(at + count));
        _length += count;
    }

    private void Repeat(int at)
    {
        var count = 1 + entropy.Below(Math.Min(128, _length - at));
        for (var times = 1 + entropy.Below(4); times > 0 && _length + count <= longest; times--)
        {
            Open(at, count);
            _buffer.AsSpan(at + count, count).CopyTo(_buffer.AsSpan(at));
        }
    }

    private void Splice(byte[] other, int at)
    {
        if (other.Length > 0)
        {
            var from = entropy.Below(other.Length);
            var count = Math.Min(1 + entropy.Below(other.Length - from), longest - at);
            other.AsSpan(from, count).CopyTo(_buffer.AsSpan(at));
            _length = entropy.Below(2) == 0 ? at + count : Math.Max(_length, at + count);
        }
    }

    private void PutWord(byte[] word, int at)
    {
        if (entropy.Below(2) == 0 && _length + word.Length <= longest)
        {
            Open(at, word.Length);
            word.CopyTo(_buffer.AsSpan(at));
        }
        else if (at + word.Length <= longest)
        {
            word.CopyTo(_buffer.AsSpan(at));
            _length = Math.Max(_length, at + word.Length);
        }
    }
}
