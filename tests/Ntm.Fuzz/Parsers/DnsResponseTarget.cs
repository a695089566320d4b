using Ntm.Protocol.Naming;

namespace Ntm.Fuzz.Parsers;

/// <summary>What a resolver, or who passes for it, answers to the question for an NTM record. The two bytes of the id are put right, or nothing would be read.</summary>
public sealed class DnsResponseTarget : Target
{
    private const ushort Id = 0x1234;
    private const string Asked = "_ntm.home.example";

    private static readonly byte[] s_name = [.. "\u0004_ntm\u0004home\u0007example\0"u8];

    public override string Name => "dns-response";

    public override string Law => "DnsResponse: never throws, never loops, and gives only data that the message holds";

    public override int LongestInput => 1400;

    public override IReadOnlyList<byte[]> Words => [[0xC0, 0x0C], [0xC0, 0x11], [0, 64, 0, 1], [0, 5, 0, 1], [0, 6, 0, 1], s_name];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        byte[] question = [.. s_name, 0, 64, 0, 1];
        yield return ("answer", [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, .. question, 0xC0, 12, 0, 64, 0, 1, 0, 0, 1, 44, 0, 3, 0, 1, 0]);
        yield return ("alias", [
            0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, .. question,
            0xC0, 12, 0, 5, 0, 1, 0, 0, 1, 44, 0, 4, 1, (byte)'a', 0xC0, 17, 1, (byte)'a', 0xC0, 17, 0, 64, 0, 1, 0, 0, 0, 60, 0, 3, 0, 1, 0]);
        yield return ("negative", [
            0x12, 0x34, 0x81, 0x83, 0, 1, 0, 0, 0, 1, 0, 0, .. question, 0xC0, 17, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0xC0, 17, 0, .. new byte[19]]);
        yield return ("cut", [0x12, 0x34, 0x83, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, .. question]);
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var message = input.ToArray();
        if (message.Length > 1)
        {
            (message[0], message[1]) = (Id >> 8, Id & 0xFF);
        }

        if (DnsResponse.Read(message, Id, Asked, DnsType.Svcb) is not { } response)
        {
            return 0;
        }

        Require(response.Data.All(d => message.AsSpan().IndexOf(d) >= 0), "data is what the message holds");
        Require(response.TtlSeconds <= int.MaxValue && (!response.IsCut || response.Data.Count == 0), "a TTL has 31 bits, and what is cut has no data");
        return ((int)response.Code * 31) + (response.IsCut ? 7 : 0) + (response.Data.Count * 1009) + (response.NegativeZone is null ? 0 : 13);
    }
}
