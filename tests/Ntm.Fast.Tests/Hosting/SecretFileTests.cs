using Ntm.Fast.Tests.Store;
using Ntm.Hosting;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Hosting;

/// <summary>Key files: made whole, kept private, never overwritten.</summary>
public sealed class SecretFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Key => _folder.File("node.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_key_is_made_once_and_read_again()
    {
        var made = NodeKeyFile.ReadOrCreate(Key, new Counting());
        Assert.Equal(Enumerable.Range(1, 32).Select(i => (byte)i), made);
        Assert.Equal(made, NodeKeyFile.ReadOrCreate(Key, new Counting()));
        Assert.Equal(made, NodeKeyFile.Read(Key));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
        Assert.Equal([Key], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_key_is_never_overwritten()
    {
        SecretFile.Create(Key, "a-kind", new byte[32]);
        Refused(ExitCode.Exists, () => SecretFile.Create(Key, "a-kind", new byte[32]));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_key_that_others_can_reach_is_refused(UnixFileMode more)
    {
        SecretFile.Create(Key, NodeKeyFile.Kind, new byte[32]);
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        Assert.Contains("chmod 600", Refused(ExitCode.NotPermitted, () => NodeKeyFile.Read(Key)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ntm-node-key")]
    [InlineData("ntm-owner-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("ntm-node-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("ntm-node-key !AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void Anything_else_is_refused_and_left(string content)
    {
        File.WriteAllText(Key, content);
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Refused(ExitCode.BadData, () => NodeKeyFile.Read(Key));
        Refused(ExitCode.BadData, () => NodeKeyFile.ReadOrCreate(Key, new Counting()));
        Assert.Equal(content, File.ReadAllText(Key));
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Refused(ExitCode.Missing, () => NodeKeyFile.Read(Key));
        Key1Refused();
        void Key1Refused() => Assert.Contains("folder does not exist",
            Assert.Throws<FatalException>(() => NodeKeyFile.ReadOrCreate(_folder.File("none/node.key"), new Counting())).Message, StringComparison.Ordinal);
    }

    private string Refused(ExitCode code, Action act)
    {
        var e = Assert.Throws<FatalException>(act);
        Assert.Equal(code, e.Code);
        Assert.Contains(Key, e.Message, StringComparison.Ordinal);
        return e.Message;
    }

    private sealed class Counting : IEntropy
    {
        public void Fill(Span<byte> bytes)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(i + 1);
            }
        }
    }
}
