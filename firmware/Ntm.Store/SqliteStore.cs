using Microsoft.Data.Sqlite;
using Ntm.Protocol;
using SQLitePCL;

namespace Ntm.Store;

/// <summary>The store in a SQLite file: one table, write-ahead log, every commit synced to the disk before it returns.</summary>
public sealed class SqliteStore : IStore
{
    /// <summary>"NTM1": tells our files from other programs' (SQLite's application_id).</summary>
    private const int ApplicationId = 0x4E54_4D31;

    /// <summary>Layout of the file (SQLite's user_version). Raised when older programs could no longer read it.</summary>
    private const int SchemaVersion = 1;

    private const int BusySeconds = 1;

    // SQLite's result codes, https://sqlite.org/rescode.html
    private const int ResultPermission = 3, ResultBusy = 5, ResultLocked = 6, ResultReadOnly = 8, ResultCorrupt = 11, ResultCannotOpen = 14,
        ResultNoDatabase = 26;

    private readonly SqliteConnection _connection;

    private SqliteStore(string path, SqliteConnection connection) => (Path, _connection) = (path, connection);

    public string Path { get; }

    /// <inheritdoc cref="Store.Open"/>
    public static SqliteStore Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        StoreFile.Prepare(path, "SQLite format 3\0"u8);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        var store = new SqliteStore(path, connection);
        try
        {
            connection.Open();
            // Until the file has proved good, closing it must not write the log back into it.
            store.CheckpointOnClose(false);
            store.Check();
            store.SetUp();
            store.CheckpointOnClose(true);
            return store;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw store.Explain(e, "opened");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public IReadOnlyList<StoreWrite> LoadAll()
    {
        var entries = new List<StoreWrite>();
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT collection, key, value FROM entry";
            using var row = command.ExecuteReader();
            while (row.Read())
            {
                entries.Add(new(row.GetString(0), row.GetString(1), row.GetFieldValue<byte[]>(2)));
            }
        }
        catch (SqliteException e)
        {
            throw Explain(e, "read");
        }

        return entries;
    }

    public void Write(IReadOnlyCollection<StoreWrite> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            using var transaction = _connection.BeginTransaction();
            using var put = _connection.CreateCommand();
            put.Transaction = transaction;
            put.CommandText = "INSERT INTO entry (collection, key, value) VALUES ($c, $k, $v) "
                + "ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value";
            using var take = _connection.CreateCommand();
            take.Transaction = transaction;
            take.CommandText = "DELETE FROM entry WHERE collection = $c AND key = $k";
            foreach (var write in batch)
            {
                var command = write.Value is null ? take : put;
                command.Parameters.Clear();
                command.Parameters.AddWithValue("$c", write.Collection);
                command.Parameters.AddWithValue("$k", write.Key);
                if (write.Value is not null)
                {
                    command.Parameters.AddWithValue("$v", write.Value);
                }

                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }
        catch (SqliteException e)
        {
            throw Explain(e, "written");
        }
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>Changes nothing in the file.</summary>
    private void Check()
    {
        // Exclusive from the first read on: a second program is told at once, and the log needs no shared memory.
        Run("PRAGMA locking_mode = EXCLUSIVE");
        var version = Number("PRAGMA user_version");
        var application = Number("PRAGMA application_id");
        if (Ask("PRAGMA quick_check(1)") is string finding && finding != "ok")
        {
            throw StoreFile.Corrupt(Path, $"SQLite's check says \"{finding.ReplaceLineEndings(" ")}\"");
        }

        var empty = Number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!(empty && application == 0 && version == 0) && application != ApplicationId)
        {
            throw StoreFile.Corrupt(Path, "it is another program's database");
        }

        if (version > SchemaVersion)
        {
            throw new StoreException(StoreProblem.TooNew, Path,
                $"The store {Path} has layout {version}; this program knows layouts up to {SchemaVersion}. It was left as it is. Use the newer program.");
        }
    }

    private void SetUp()
    {
        Run("PRAGMA journal_mode = WAL");
        // In WAL mode FULL syncs the log at every commit (and its folder when the log is made); NORMAL would lose the last ones in a power cut.
        Run("PRAGMA synchronous = FULL");
        Run("PRAGMA wal_autocheckpoint = 256");
        if (Number("PRAGMA user_version") == 0)
        {
            Run($"""
                BEGIN IMMEDIATE;
                CREATE TABLE entry (collection TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (collection, key)) STRICT, WITHOUT ROWID;
                PRAGMA application_id = {ApplicationId};
                PRAGMA user_version = {SchemaVersion};
                COMMIT;
                """);
        }
    }

    private void CheckpointOnClose(bool wanted) =>
        raw.sqlite3_db_config(_connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted ? 0 : 1, out _);

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private object? Ask(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private long Number(string sql) => Ask(sql) is long number ? number : 0;

    private StoreException Explain(SqliteException e, string done) => e.SqliteErrorCode switch
    {
        ResultCorrupt or ResultNoDatabase => StoreFile.Corrupt(Path, $"SQLite says \"{e.Message}\"", e),
        ResultBusy or ResultLocked => new(StoreProblem.InUse, Path,
            $"The store {Path} is in use by another program. Stop the other one (is it running as a service already?).", e),
        ResultPermission or ResultReadOnly or ResultCannotOpen => new(StoreProblem.NotPermitted, Path,
            $"The store {Path} could not be {done}: {e.Message} See that this user may write to the file and to its folder.", e),
        _ => new(StoreProblem.Disk, Path,
            $"The store {Path} could not be {done}: {e.Message} See that the disk has room and is healthy (dmesg tells).", e),
    };
}
