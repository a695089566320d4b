using System.Security.Cryptography;
using System.Text;
using LiteDB;
using Ntm.Protocol;

namespace Ntm.Store;

/// <summary>
/// The store in a LiteDB file, for builds with -p:NtmLiteDb=true. LiteDB leaves its log to the system's cache, has no check of a file and mends what it opens;
/// so here each commit's log is synced, each entry carries a hash, and a file is proved on a copy in memory before it is opened.
/// </summary>
public sealed class LiteDbStore : IStore
{
    private const int SchemaVersion = 1;
    private const int MagicOffset = 32; // LiteDB 5's header page
    private const string CollectionField = "c", KeyField = "k", ValueField = "v", HashField = "h";

    private readonly FileStream _lock;
    private readonly FileStream _log;
    private readonly LiteDatabase _database;

    private LiteDbStore(string path, FileStream lockFile, FileStream log, LiteDatabase database) =>
        (Path, _lock, _log, _database) = (path, lockFile, log, database);

    public string Path { get; }

    private ILiteCollection<BsonDocument> Entries => _database.GetCollection("entry");

    /// <inheritdoc cref="Store.Open"/>
    public static LiteDbStore Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        StoreFile.Prepare(path, "** This is a LiteDB file **"u8, MagicOffset);
        var lockFile = Lock(path);
        FileStream? log = null;
        try
        {
            Prove(path);
            log = new FileStream(LogOf(path), OwnersOwn(FileShare.ReadWrite | FileShare.Delete));
            var database = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
            if (database.UserVersion == 0)
            {
                database.UserVersion = SchemaVersion;
                database.Checkpoint();
            }

            return new LiteDbStore(path, lockFile, log, database);
        }
        catch (Exception e)
        {
            log?.Dispose();
            lockFile.Dispose();
            throw e is StoreException ? e : StoreFile.Corrupt(path, $"LiteDB says \"{e.Message.ReplaceLineEndings(" ")}\"", e);
        }
    }

    public IReadOnlyList<StoreWrite> LoadAll()
    {
        try
        {
            return [.. Entries.FindAll().Select(d => Read(Path, d))];
        }
        catch (Exception e) when (e is not StoreException)
        {
            throw StoreFile.Corrupt(Path, $"LiteDB says \"{e.Message.ReplaceLineEndings(" ")}\"", e);
        }
    }

    public void Write(IReadOnlyCollection<StoreWrite> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        _database.BeginTrans();
        try
        {
            foreach (var write in batch)
            {
                var id = IdOf(write.Collection, write.Key);
                if (write.Value is null)
                {
                    Entries.Delete(id);
                    continue;
                }

                Entries.Upsert(new BsonDocument
                {
                    ["_id"] = id,
                    [CollectionField] = write.Collection,
                    [KeyField] = write.Key,
                    [ValueField] = write.Value,
                    [HashField] = HashOf(write.Collection, write.Key, write.Value),
                });
            }

            _database.Commit();
            _log.Flush(flushToDisk: true);
        }
        catch (Exception e)
        {
            _database.Rollback();
            throw e is IOException or LiteException
                ? new StoreException(StoreProblem.Disk, Path, $"The store {Path} could not be written: {e.Message} See that the disk has room and is healthy.", e)
                : e;
        }
    }

    public void Dispose()
    {
        _database.Dispose();
        _log.Dispose();
        _lock.Dispose();
    }

    /// <summary>Opens copies in memory and reads every entry: LiteDB mends and crops what it opens, and the owner's file must stay as it is.</summary>
    private static void Prove(string path)
    {
        if (new FileInfo(path).Length == 0)
        {
            return;
        }

        using var data = Copy(path);
        using var log = Copy(LogOf(path));
        using var database = new LiteDatabase(data, null, log);
        if (database.UserVersion > SchemaVersion)
        {
            throw new StoreException(StoreProblem.TooNew, path,
                $"The store {path} has layout {database.UserVersion}; this program knows layouts up to {SchemaVersion}. It was left as it is. Use the newer program.");
        }

        foreach (var document in database.GetCollection("entry").FindAll())
        {
            Read(path, document);
        }
    }

    private static StoreWrite Read(string path, BsonDocument document)
    {
        var (collection, key, value) = (document[CollectionField].AsString, document[KeyField].AsString, document[ValueField].AsBinary);
        return value is not null && document[HashField].AsBinary.AsSpan().SequenceEqual(HashOf(collection, key, value))
            ? new(collection, key, value)
            : throw StoreFile.Corrupt(path, "an entry's hash does not fit");
    }

    /// <summary>One program at a time: LiteDB's own sharing does not keep a second one out on Linux.</summary>
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", OwnersOwn(FileShare.None));
        }
        catch (IOException e)
        {
            throw new StoreException(
                StoreProblem.InUse, path, $"The store {path} is in use by another program. Stop the other one (is it running as a service already?).", e);
        }
    }

    private static FileStreamOptions OwnersOwn(FileShare share) => new()
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = share,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        BufferSize = 0,
    };

    private static MemoryStream Copy(string path)
    {
        var copy = new MemoryStream();
        if (File.Exists(path))
        {
            copy.Write(File.ReadAllBytes(path));
            copy.Position = 0;
        }

        return copy;
    }

    // "a.store" -> "a-log.store", as LiteDB names it.
    private static string LogOf(string path) => System.IO.Path.Combine(
        System.IO.Path.GetDirectoryName(path)!, $"{System.IO.Path.GetFileNameWithoutExtension(path)}-log{System.IO.Path.GetExtension(path)}");

    // LiteDB's keys are short; names of collections and keys are not bounded.
    private static byte[] IdOf(string collection, string key) => SHA256.HashData(Encoding.UTF8.GetBytes($"{collection}\0{key ?? throw new ArgumentNullException(nameof(key))}"));

    private static byte[] HashOf(string collection, string key, byte[] value) => SHA256.HashData([.. IdOf(collection, key), .. value]);
}
