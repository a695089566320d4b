using System.Text;
using Microsoft.Data.Sqlite;
using Ntm.Protocol;
using Ntm.Store;

namespace Ntm.Fast.Tests.Store;

/// <summary>What survives, what is refused, and that a refused file is left as it was. The same for every implementation of the store.</summary>
public sealed class StoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File1 => _folder.File("test.store");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Entries_survive_reopening()
    {
        using (var store = Ntm.Store.Store.Open(File1))
        {
            Assert.Empty(store.LoadAll());
            store.Write([Entry("a", "1", "x"), Entry("a", "2", ""), Entry("b", "1", "y")]);
            store.Write([Entry("a", "1", "z"), new("b", "1", null), new("b", "none", null)]);
        }

        using var again = Ntm.Store.Store.Open(File1);
        Assert.Equal(["a/1=z", "a/2="], Lines(again));
    }

    [Fact]
    public void Entries_survive_without_closing()
    {
        var store = Ntm.Store.Store.Open(File1);
        store.Write([Entry("a", "1", "x")]);

        // What a power cut leaves: the files as they are now, nothing closed.
        var copy = _folder.File("copy.store");
        foreach (var file in Directory.GetFiles(_folder.Path).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            File.Copy(file, _folder.File(Path.GetFileName(file).Replace("test", "copy", StringComparison.Ordinal)));
        }

        using var again = Ntm.Store.Store.Open(copy);
        Assert.Equal(["a/1=x"], Lines(again));
        store.Dispose();
    }

    [Fact]
    public void A_batch_is_kept_wholly_or_not_at_all()
    {
        using var store = Ntm.Store.Store.Open(File1);
        store.Write([Entry("a", "1", "x")]);
        Assert.ThrowsAny<Exception>(() => store.Write([Entry("a", "1", "changed"), Entry("a", "2", "new"), Entry("a", null!, "bad")]));
        Assert.Equal(["a/1=x"], Lines(store));
        store.Write([Entry("a", "3", "still works")]);
        Assert.Equal(["a/1=x", "a/3=still works"], Lines(store));
    }

    [Fact]
    public void Files_are_the_owners_alone()
    {
        File.WriteAllBytes(File1, []);
        File.SetUnixFileMode(File1, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using var store = Ntm.Store.Store.Open(File1);
        store.Write([Entry("a", "1", "x")]);
        Assert.All(Directory.GetFiles(_folder.Path), f =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Theory]
    [InlineData("this is not a database, it is a letter to a friend")]
    [InlineData("SQLite")]
    public void A_file_that_is_no_store_is_refused_and_left(string content)
    {
        File.WriteAllText(File1, content);
        Refused(StoreProblem.Corrupt);
    }

    [Fact]
    public void A_damaged_store_is_refused_and_left()
    {
        using (var store = Ntm.Store.Store.Open(File1))
        {
            store.Write([.. Enumerable.Range(0, 500).Select(i => Entry("a", $"key {i}", new string('x', 100)))]);
        }

        var bytes = File.ReadAllBytes(File1);
        new Random(1).NextBytes(bytes.AsSpan(bytes.Length / 2, 8192));
        File.WriteAllBytes(File1, bytes);
        Refused(StoreProblem.Corrupt);
    }

    [Fact]
    public void A_truncated_store_is_refused_and_left()
    {
        using (var store = Ntm.Store.Store.Open(File1))
        {
            store.Write([.. Enumerable.Range(0, 500).Select(i => Entry("a", $"key {i}", new string('x', 100)))]);
        }

        File.WriteAllBytes(File1, File.ReadAllBytes(File1)[..20_000]);
        Refused(StoreProblem.Corrupt);
    }

    [Fact]
    public void Another_programs_database_is_refused_and_left()
    {
        Sql("CREATE TABLE recipes (name TEXT)");
        Refused(StoreProblem.Corrupt);
    }

    [Fact]
    public void A_newer_store_is_refused_and_left()
    {
        Ntm.Store.Store.Open(File1).Dispose();
#if NTM_LITEDB
        using (var database = new LiteDB.LiteDatabase(File1))
        {
            database.UserVersion = 99;
        }
#else
        Sql("PRAGMA user_version = 99");
#endif
        Refused(StoreProblem.TooNew);
    }

    [Fact]
    public void A_second_program_is_told()
    {
        using var first = Ntm.Store.Store.Open(File1);
        var e = Assert.Throws<StoreException>(() => Ntm.Store.Store.Open(File1));
        Assert.Equal(StoreProblem.InUse, e.Problem);
        Assert.Contains(File1, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        var e = Assert.Throws<StoreException>(() => Ntm.Store.Store.Open(_folder.File("none/test.store")));
        Assert.Equal(StoreProblem.FolderMissing, e.Problem);
        Assert.Contains("none/test.store", e.Message, StringComparison.Ordinal);
    }

    private void Refused(StoreProblem problem)
    {
        var before = File.ReadAllBytes(File1);
        var e = Assert.Throws<StoreException>(() => Ntm.Store.Store.Open(File1));
        Assert.Equal(problem, e.Problem);
        Assert.Contains(File1, e.Message, StringComparison.Ordinal);
        Assert.Contains("left as it is", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(File1));
    }

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File1};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static StoreWrite Entry(string collection, string key, string value) => new(collection, key, Encoding.UTF8.GetBytes(value));

    private static string[] Lines(IStore store) =>
        [.. store.LoadAll().Select(e => $"{e.Collection}/{e.Key}={Encoding.UTF8.GetString(e.Value!)}").Order(StringComparer.Ordinal)];
}
