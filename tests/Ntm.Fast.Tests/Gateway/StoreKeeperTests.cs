using System.Text;
using Ntm.Gateway;
using Ntm.Protocol;
using Ntm.Store;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace Ntm.Fast.Tests.Gateway;

public sealed class StoreKeeperTests
{
    [Fact]
    public void A_turns_writes_are_one_batch_the_latest_of_each_entry()
    {
        using var store = new Disk();
        var keeper = new StoreKeeper(store, Logger.None);
        Assert.True(keeper.Flush(TimeSpan.Zero));
        keeper.Keep(Write("a", "1"));
        keeper.Keep(Write("b", "1"));
        keeper.Keep(Write("a", "2"));
        Assert.True(keeper.Flush(TimeSpan.Zero));
        Assert.Equal(["a=2,b=1"], store.Batches);
    }

    [Fact]
    public void A_failing_disk_is_tried_again_and_complained_of_seldom()
    {
        using var store = new Disk { Fails = true };
        var said = new Lines();
        using var log = new LoggerConfiguration().WriteTo.Sink(said).CreateLogger();
        var keeper = new StoreKeeper(store, log);
        keeper.Keep(Write("a", "1"));
        Assert.False(keeper.Flush(TimeSpan.FromSeconds(1)));
        keeper.Keep(Write("a", "2"));
        Assert.False(keeper.Flush(TimeSpan.FromSeconds(2)));
        Assert.Equal(1, store.Tries);
        Assert.False(keeper.Flush(TimeSpan.FromSeconds(6)));
        Assert.Equal((2, 1, 1), (store.Tries, said.Count, keeper.Pending));

        store.Fails = false;
        Assert.True(keeper.Flush(TimeSpan.FromSeconds(11)));
        Assert.Equal(["a=2"], store.Batches);
        Assert.Equal(2, said.Count);
    }

    private static StoreWrite Write(string key, string value) => new("test", key, Encoding.UTF8.GetBytes(value));

    private sealed class Disk : IStore
    {
        public List<string> Batches { get; } = [];

        public bool Fails { get; set; }

        public int Tries { get; private set; }

        public string Path => "/test";

        public IReadOnlyList<StoreWrite> LoadAll() => [];

        public void Write(IReadOnlyCollection<StoreWrite> batch)
        {
            Tries++;
            if (Fails)
            {
                throw new StoreException(StoreProblem.Disk, Path, "The disk is full.");
            }

            Batches.Add(string.Join(",", batch.Select(write => $"{write.Key}={Encoding.UTF8.GetString(write.Value!)}")));
        }

        public void Dispose()
        {
        }
    }

    private sealed class Lines : ILogEventSink
    {
        public int Count { get; private set; }

        public void Emit(LogEvent logEvent) => Count++;
    }
}
