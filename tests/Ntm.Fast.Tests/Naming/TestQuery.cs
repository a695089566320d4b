using System.Buffers.Binary;
using System.Text;

namespace Ntm.Fast.Tests.Naming;

/// <summary>Queries made and answers read from RFC 1035's words alone, sharing nothing with the code under test.</summary>
internal static class TestQuery
{
    public static byte[] Make(string name, ushort type, ushort id = 0xBEEF, ushort flags = 0x0100, ushort dnsClass = 1, int? edns = null, byte version = 0) =>
    [
        (byte)(id >> 8), (byte)id, (byte)(flags >> 8), (byte)flags, 0, 1, 0, 0, 0, 0, 0, (byte)(edns is null ? 0 : 1),
        .. Name(name), (byte)(type >> 8), (byte)type, (byte)(dnsClass >> 8), (byte)dnsClass,
        .. edns is { } size ? new byte[] { 0, 0, 41, (byte)(size >> 8), (byte)size, 0, version, 0, 0, 0, 0 } : [],
    ];

    public static byte[] Name(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(l => new[] { (byte)l.Length }.Concat(Encoding.Latin1.GetBytes(l))), 0];

    public static Reply Read(byte[] bytes)
    {
        var at = 12;
        var question = "";
        ushort type = 0;
        if (Word(bytes, 4) == 1)
        {
            question = ReadName(bytes, ref at);
            type = Word(bytes, at);
            at += 4;
        }

        var records = new List<Record>[3];
        for (var section = 0; section < 3; section++)
        {
            records[section] = [];
            for (var i = 0; i < Word(bytes, 6 + (section * 2)); i++)
            {
                var owner = ReadName(bytes, ref at);
                var length = Word(bytes, at + 8);
                records[section].Add(new(owner, Word(bytes, at), Word(bytes, at + 2), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 4)),
                    bytes[(at + 10)..(at + 10 + length)], at + 10));
                at += 10 + length;
            }
        }

        Assert.Equal(bytes.Length, at);
        return new(bytes, Word(bytes, 0), Word(bytes, 2), question, type, records[0], records[1], records[2]);
    }

    public static string ReadName(byte[] bytes, ref int at)
    {
        var labels = new List<string>();
        var (here, jumped) = (at, false);
        while (bytes[here] != 0)
        {
            if (bytes[here] >= 0xC0)
            {
                var target = Word(bytes, here) & 0x3FFF;
                Assert.True(target < here, "Compression points forward.");
                at = jumped ? at : here + 2;
                (here, jumped) = (target, true);
                continue;
            }

            labels.Add(Encoding.Latin1.GetString(bytes, here + 1, bytes[here]));
            here += bytes[here] + 1;
        }

        at = jumped ? at : here + 1;
        return string.Join('.', labels);
    }

    public static ushort Word(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));

    internal sealed record Record(string Owner, ushort Type, ushort Class, uint Ttl, byte[] Data, int At);

    internal sealed record Reply(
        byte[] Bytes, ushort Id, ushort Flags, string Question, ushort Type, List<Record> Answers, List<Record> Authorities, List<Record> Additional)
    {
        public int Code => (Flags & 15) | (Additional is [{ } opt] ? (int)(opt.Ttl >> 24) << 4 : 0);

        public bool IsCut => (Flags & 0x0200) != 0;

        /// <summary>The extended error's code and text (RFC 8914).</summary>
        public (int Code, string Text)? Extended => Additional is [{ Data.Length: > 0 } opt] && Word(opt.Data, 0) == 15
            ? (Word(opt.Data, 4), Encoding.UTF8.GetString(opt.Data.AsSpan(6))) : null;
    }
}
