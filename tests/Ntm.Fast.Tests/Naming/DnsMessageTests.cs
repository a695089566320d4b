using Ntm.Node.Naming;
using Ntm.Protocol.Naming;

namespace Ntm.Fast.Tests.Naming;

public sealed class DnsMessageTests
{
    private const string Long = "a23456789012345678901234567890123456789012345678901234567890123";

    [Fact]
    public void A_question_is_read()
    {
        Assert.Equal(DnsReading.Good, DnsMessage.Read(TestQuery.Make("NaS.Bob.Home.Example", 28, edns: 4096), out var question));
        Assert.Equal(0xBEEF, question.Id);
        Assert.Equal("nas.bob.home.example", question.Name);
        Assert.Equal((DnsType.Aaaa, 1), (question.Type, question.Class));
        Assert.True(question.HasEdns);
        Assert.Equal(4096, question.UdpBytes);

        Assert.Equal(DnsReading.Good, DnsMessage.Read(TestQuery.Make("", 2), out question));
        Assert.Equal(("", 512), (question.Name, question.UdpBytes));
        Assert.Equal(DnsReading.Good, DnsMessage.Read(TestQuery.Make("_a\\.b.x\u00fcy", 1), out question));
        Assert.Equal("_a\\092.b.x\\252y", question.Name);

        byte[] dotted = [.. TestQuery.Make("", 1)[..12], 3, (byte)'a', (byte)'.', (byte)'b', 0, 0, 1, 0, 1];
        Assert.Equal(DnsReading.Good, DnsMessage.Read(dotted, out question));
        Assert.Equal("a\\046b", question.Name);
    }

    [Fact]
    public void Every_truncation_of_a_query_is_refused()
    {
        var query = TestQuery.Make("nas.bob.home.example", 1, edns: 1232);
        for (var length = 0; length < query.Length; length++)
        {
            var reading = DnsMessage.Read(query.AsSpan(0, length), out var question);
            Assert.Equal(length < 12 ? DnsReading.Ignored : DnsReading.FormatError, reading);
            if (length >= 12)
            {
                var reply = TestQuery.Read(DnsMessage.Failure(question, DnsCode.FormatError));
                Assert.Equal((0xBEEF, 1), (reply.Id, reply.Code));
            }
        }
    }

    [Theory]
    [InlineData(0x8100, DnsReading.Ignored)]
    [InlineData(0x0800, DnsReading.NotImplemented)]
    [InlineData(0x2800, DnsReading.NotImplemented)]
    [InlineData(0x7900, DnsReading.NotImplemented)]
    public void Answers_are_ignored_and_other_operations_not_implemented(int flags, DnsReading expected) =>
        Assert.Equal(expected, DnsMessage.Read(TestQuery.Make("a.example", 1, flags: (ushort)flags), out _));

    [Fact]
    public void Names_that_do_not_parse_are_format_errors()
    {
        byte[] With(params byte[] rest) => [.. TestQuery.Make("", 1)[..12], .. rest];
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With(0xC0, 12, 0, 1, 0, 1), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With(1, (byte)'a', 0xC0, 12, 0, 1, 0, 1), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With(0xC0, 0xFF, 0, 1, 0, 1), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With(0x40, 1, 0, 0, 1, 0, 1), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With([64, .. new byte[64], 0, 0, 1, 0, 1]), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(With([.. Enumerable.Repeat((byte)63, 2000)]), out _));

        // 255 bytes are the most a name may have.
        Assert.Equal(DnsReading.Good, DnsMessage.Read(TestQuery.Make($"{Long}.{Long}.{Long}.{Long[2..]}", 1), out _));
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(TestQuery.Make($"{Long}.{Long}.{Long}.{Long[1..]}", 1), out _));
    }

    [Fact]
    public void Counts_that_lie_are_format_errors()
    {
        foreach (var at in new[] { 5, 7, 9, 11 })
        {
            var query = TestQuery.Make("a.example", 1, edns: 1232);
            query[at]++;
            Assert.Equal(DnsReading.FormatError, DnsMessage.Read(query, out _));
            query[at] = query[at - 1] = 0xFF;
            Assert.Equal(DnsReading.FormatError, DnsMessage.Read(query, out _));
        }

        var none = TestQuery.Make("a.example", 1);
        none[5] = 0;
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(none, out _));
    }

    [Fact]
    public void Edns_is_wanted_once_in_version_0_and_its_size_is_512_at_least()
    {
        Assert.Equal(DnsReading.BadVersion, DnsMessage.Read(TestQuery.Make("a.example", 1, edns: 1232, version: 1), out var question));
        var reply = TestQuery.Read(DnsMessage.Failure(question, DnsCode.BadVersion));
        Assert.Equal(16, reply.Code);

        Assert.Equal(DnsReading.Good, DnsMessage.Read(TestQuery.Make("a.example", 1, edns: 0), out question));
        Assert.Equal(512, question.UdpBytes);

        byte[] twice = [.. TestQuery.Make("a.example", 1, edns: 1232), 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0];
        twice[11] = 2;
        Assert.Equal(DnsReading.FormatError, DnsMessage.Read(twice, out _));

        // Another record before it, its name compressed; options in it.
        byte[] more = [.. TestQuery.Make("a.example", 1), 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 2, 1, 1, 0, 0, 41, 8, 0, 0, 0, 0x80, 0, 0, 4, 0, 10, 0, 0];
        more[11] = 2;
        Assert.Equal(DnsReading.Good, DnsMessage.Read(more, out question));
        Assert.Equal((2048, true), (question.UdpBytes, question.DnssecOk));
    }

    [Fact]
    public void Nothing_random_throws()
    {
        const int seed = 1035;
        var random = new Random(seed);
        var query = TestQuery.Make("nas.bob.home.example", 1, edns: 1232);
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = query.ToArray();
            if (i % 3 == 0)
            {
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length)));
            }

            for (var changes = random.Next(4); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..random.Next(bytes.Length + 1)];
            try
            {
                if (DnsMessage.Read(bytes, out var question) is not DnsReading.Ignored)
                {
                    TestQuery.Read(DnsMessage.Failure(question, DnsCode.ServerFailure, 23, "why"));
                    if (question.LabelOffsets.Count > 0)
                    {
                        TestQuery.Read(DnsMessage.Negative(question, DnsCode.NameError, 1, "example"));
                    }
                }
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}, query {i}: {Convert.ToHexString(bytes)}: {e}");
            }
        }
    }

    [Fact]
    public void Answers_that_are_too_long_are_cut_and_say_so()
    {
        var data = new byte[600];
        DnsMessage.Read(TestQuery.Make("a.example", 1), out var question);
        var reply = TestQuery.Read(DnsMessage.Answer(question, 16, data, 30));
        Assert.True(reply.IsCut);
        Assert.Empty(reply.Answers);
        Assert.Equal("a.example", reply.Question);

        DnsMessage.Read(TestQuery.Make("a.example", 1, edns: 700), out question);
        reply = TestQuery.Read(DnsMessage.Answer(question, 16, data, 30));
        Assert.False(reply.IsCut);
        Assert.Equal(data, reply.Answers[0].Data);

        DnsMessage.Read(TestQuery.Make("a.example", 1, edns: 65535), out question);
        reply = TestQuery.Read(DnsMessage.Answer(question, 16, new byte[1300], 30));
        Assert.True(reply.IsCut);
        Assert.Single(reply.Additional);
    }

    [Fact]
    public void An_extended_errors_text_is_cut_between_characters()
    {
        DnsMessage.Read(TestQuery.Make("a.example", 1, edns: 512), out var question);
        var reply = TestQuery.Read(DnsMessage.Failure(question, DnsCode.ServerFailure, 22, "x" + new string('ü', 300)));
        Assert.Equal("x" + new string('ü', 99), reply.Extended!.Value.Text);
        Assert.True(reply.Bytes.Length <= 512);
    }

    [Theory]
    [InlineData("a.b", true)]
    [InlineData("a.b.", true)]
    [InlineData("", true)]
    [InlineData("a..b", false)]
    [InlineData(".a", false)]
    [InlineData("ü.b", false)]
    public void Names_are_encoded_or_refused(string name, bool isGood)
    {
        Assert.Equal(isGood, DnsMessage.TryEncodeName(name, out var wire));
        if (isGood)
        {
            Assert.Equal(TestQuery.Name(name), wire);
        }
    }
}
