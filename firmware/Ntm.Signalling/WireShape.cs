using Google.Protobuf.Reflection;

namespace Ntm.Signalling;

/// <summary>
/// Whether bytes have the shape of a Protocol Buffers message, every length of it and of the messages inside within what is there. Looked at before the schema's library reads
/// them: that one adds lengths up in 32 bits, and by one near 2^31 reads beyond a message's end, throws what it does not announce, or allocates 100 MB for 146 bytes (found by fuzzing).
/// </summary>
internal static class WireShape
{
    private const int VarintMost = 10;

    /// <param name="type">What it is to be; fields that it does not have may be there, groups may not.</param>
    public static bool IsSound(ReadOnlySpan<byte> bytes, MessageDescriptor type)
    {
        while (!bytes.IsEmpty)
        {
            if (!TryVarint(ref bytes, out var tag) || tag >> 3 is 0 or > 0x1FFF_FFFF)
            {
                return false;
            }

            ulong size;
            switch (tag & 7)
            {
                case 0 when TryVarint(ref bytes, out _):
                    continue;
                case 1:
                    size = 8;
                    break;
                case 2 when TryVarint(ref bytes, out size):
                    break;
                case 5:
                    size = 4;
                    break;
                default:
                    return false;
            }

            if (size > (ulong)bytes.Length)
            {
                return false;
            }

            if ((tag & 7) == 2 && type.FindFieldByNumber((int)(tag >> 3)) is { FieldType: FieldType.Message } field && !IsSound(bytes[..(int)size], field.MessageType))
            {
                return false;
            }

            bytes = bytes[(int)size..];
        }

        return true;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < VarintMost; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
