using System.Net;
using System.Text.Json;
using Ntm.Gateway.Http;
using Ntm.Interface;

namespace Ntm.Fast.Tests.Interface;

/// <summary>GET /api/v1/events. The feed is turned by hand: no test waits for a clock.</summary>
public sealed class EventStreamTests
{
    [Fact]
    public async Task The_first_picture_comes_at_once_and_the_next_with_a_change()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        await using var events = await Stream.OpenAsync(gateway);
        Assert.Equal(SamplePicture.Member.Status.UptimeSeconds, (await events.PictureAsync()).Status.UptimeSeconds);

        await gateway.Feed.TurnAsync(default);
        await events.PictureAsync(); // the feed's own first

        // Time passes, all ages grow by a second: no news.
        gateway.Picture = Later(SamplePicture.Member, seconds: 1);
        await gateway.Feed.TurnAsync(default);
        gateway.Picture = Later(gateway.Picture, 1) with { Peers = [] };
        await gateway.Feed.TurnAsync(default);
        var next = await events.PictureAsync();
        Assert.Equal(SamplePicture.Member.Status.UptimeSeconds + 2, next.Status.UptimeSeconds);
        Assert.Empty(next.Peers);
    }

    [Fact]
    public async Task Quiet_streams_get_a_comment()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        await using var events = await Stream.OpenAsync(gateway);
        await events.PictureAsync();
        await gateway.Feed.TurnAsync(default);
        await events.PictureAsync();
        for (var turn = 0; turn < PictureFeed.QuietTurnsMost; turn++)
        {
            await gateway.Feed.TurnAsync(default);
        }

        Assert.Equal(": still here", await events.LineAsync());
    }

    [Fact]
    public async Task One_that_does_not_read_finds_the_latest_picture_only()
    {
        var picture = SamplePicture.Member;
        var desk = new Desk(_ => Task.FromResult(picture), null!, null!, null!, null!, null!, null!, null!) { Leave = null!, Uplinks = null!, Handovers = null! };
        var feed = new PictureFeed(desk);
        var watcher = feed.TryWatch()!;
        for (var i = 0; i < 100; i++)
        {
            picture = picture with { Status = picture.Status with { Version = $"{i}" } };
            await feed.TurnAsync(default);
        }

        Assert.True(watcher.Reader.TryRead(out var frame));
        Assert.Contains("\"version\":\"99\"", System.Text.Encoding.UTF8.GetString(frame));
        Assert.False(watcher.Reader.TryRead(out _));
    }

    [Fact]
    public async Task There_is_a_most_of_streams_and_leaving_makes_room()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        var held = Enumerable.Range(0, PictureFeed.WatchersMost).Select(_ => gateway.Feed.TryWatch()!).ToList();
        Assert.Equal("/problems#busy", (await gateway.RefusedAsync("GET", "/api/v1/events")).Type);
        gateway.Feed.Leave(held[0]);
        await using var events = await Stream.OpenAsync(gateway);
        await events.PictureAsync();
    }

    [Fact]
    public async Task Stopping_ends_the_streams()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        await using var events = await Stream.OpenAsync(gateway);
        await events.PictureAsync();
        gateway.Feed.Close();
        Assert.Null(await events.LineAsync());
        Assert.Null(gateway.Feed.TryWatch());
    }

    private static PictureDocument Later(PictureDocument picture, double seconds) => new(
        picture.Status with
        {
            Now = picture.Status.Now.AddSeconds(seconds),
            UptimeSeconds = picture.Status.UptimeSeconds + seconds,
            Member = picture.Status.Member! with
            {
                Coordinators = [.. picture.Status.Member.Coordinators.Select(one => one with { LastHeardMs = one.LastHeardMs + (seconds * 1000) })],
                Relays = [.. picture.Status.Member.Relays.Select(one => one with { LastHeardMs = one.LastHeardMs + (seconds * 1000) })],
            },
        },
        [.. picture.Devices.Select(one => one with { LastSeenMs = one.LastSeenMs + (seconds * 1000) })],
        [
            .. picture.Peers.Select(one => one with
            {
                LastHandshakeMs = one.LastHandshakeMs + (seconds * 1000), LastReceivedMs = one.LastReceivedMs + (seconds * 1000),
            }),
        ]);

    private sealed class Stream(HttpResponseMessage answer, StreamReader lines) : IAsyncDisposable
    {
        public static async Task<Stream> OpenAsync(InterfaceUnderTest gateway)
        {
            var answer = await gateway.SendAsync("GET", "/api/v1/events");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
            return new Stream(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        }

        /// <summary>The next line that is not empty; null: the stream has ended.</summary>
        public async Task<string?> LineAsync()
        {
            string? line;
            do
            {
                line = await lines.ReadLineAsync();
            }
            while (line is "" or "retry: 2000");

            return line;
        }

        public async Task<PictureDocument> PictureAsync()
        {
            Assert.Equal("event: picture", await LineAsync());
            var data = await LineAsync();
            Assert.StartsWith("data: ", data);
            return JsonSerializer.Deserialize(data![6..], InterfaceJson.Wire.PictureDocument)!;
        }

        public ValueTask DisposeAsync()
        {
            lines.Dispose();
            answer.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
