using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Naming;

/// <summary>Answers of a resolver, as the asker of NTM records reads them.</summary>
public sealed class DnsResponseTests
{
    private const ushort Id = 0xBEEF;
    private const string Name = "_ntm.home.example";

    [Fact]
    public void The_data_asked_for_is_found_with_its_ttl()
    {
        var response = Read(Records(Name, DnsType.Svcb, 300, [1, 2, 3]), 1);
        Assert.Equal([[1, 2, 3]], response!.Data);
        Assert.Equal(300u, response.TtlSeconds);
    }

    [Fact]
    public void Aliases_are_followed_within_the_message_and_the_least_ttl_counts()
    {
        var response = Read([.. Records(Name, DnsType.Cname, 60, TestQuery.Name("A.other.example")), .. Records("a.Other.example", DnsType.Svcb, 300, [9])], 2);
        Assert.Equal([[9]], response!.Data);
        Assert.Equal(60u, response.TtlSeconds);
    }

    [Fact]
    public void Aliases_that_go_round_are_no_answer() =>
        Assert.Null(Read([.. Records(Name, DnsType.Cname, 60, TestQuery.Name("a.example")), .. Records("a.example", DnsType.Cname, 60, TestQuery.Name(Name))], 2));

    [Fact]
    public void What_answers_another_question_is_none()
    {
        var good = Message(Records(Name, DnsType.Svcb, 300, [1]), 1);
        Assert.NotNull(DnsResponse.Read(good, Id, Name, DnsType.Svcb));
        Assert.Null(DnsResponse.Read(good, Id + 1, Name, DnsType.Svcb));
        Assert.Null(DnsResponse.Read(good, Id, "_ntm.other.example", DnsType.Svcb));
        Assert.Null(DnsResponse.Read(good, Id, Name, DnsType.A));
        good[2] &= 0x7F; // a question
        Assert.Null(DnsResponse.Read(good, Id, Name, DnsType.Svcb));
    }

    [Fact]
    public void Records_of_others_do_not_count() => Assert.Empty(Read(Records("www.example", DnsType.Svcb, 300, [1]), 1)!.Data);

    [Fact]
    public void Every_truncation_and_a_pointer_forwards_or_to_itself_are_no_answer()
    {
        var whole = Message(Records(Name, DnsType.Svcb, 300, [1, 2, 3]), 1);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Null(DnsResponse.Read(whole.AsSpan(0, length), Id, Name, DnsType.Svcb));
        }

        var owner = 12 + TestQuery.Name(Name).Length + 4;
        foreach (var target in new[] { owner, owner + 2, 0, 11, 0x3FFF })
        {
            byte[] pointed = [.. whole.AsSpan(0, owner), (byte)(0xC0 | (target >> 8)), (byte)target, .. whole.AsSpan(owner + TestQuery.Name(Name).Length)];
            Assert.Null(DnsResponse.Read(pointed, Id, Name, DnsType.Svcb));
        }

        byte[] right = [.. whole.AsSpan(0, owner), 0xC0, 12, .. whole.AsSpan(owner + TestQuery.Name(Name).Length)];
        Assert.Single(DnsResponse.Read(right, Id, Name, DnsType.Svcb)!.Data);
    }

    [Fact]
    public void More_records_than_64_or_bytes_than_4096_are_not_read()
    {
        Assert.Null(Read([.. Enumerable.Repeat(Records(Name, DnsType.Svcb, 1, [1]), 65).SelectMany(r => r)], 65));
        Assert.Null(Read(Records(Name, DnsType.Svcb, 1, new byte[4096]), 1));
    }

    [Fact]
    public void A_query_is_one_question_that_wants_recursion()
    {
        var reply = TestQuery.Read(DnsResponse.Query(Id, Name, DnsType.Svcb));
        Assert.Equal((Id, 0x0100, Name, DnsType.Svcb), (reply.Id, reply.Flags, reply.Question, reply.Type));
        Assert.Equal(1232, reply.Additional.Single().Class);
        Assert.Throws<ArgumentException>(() => DnsResponse.Query(1, "a..b", 1));
    }

    private static DnsResponse? Read(byte[] records, int answers) => DnsResponse.Read(Message(records, answers), Id, Name, DnsType.Svcb);

    private static byte[] Message(byte[] records, int answers) =>
        [Id >> 8, Id & 0xFF, 0x81, 0x80, 0, 1, 0, (byte)answers, 0, 0, 0, 0, .. TestQuery.Name(Name), 0, 64, 0, 1, .. records];

    private static byte[] Records(string owner, ushort type, uint ttl, byte[] data) =>
        [.. TestQuery.Name(owner), (byte)(type >> 8), (byte)type, 0, 1, 0, 0, (byte)(ttl >> 8), (byte)ttl, (byte)(data.Length >> 8), (byte)data.Length, .. data];
}
