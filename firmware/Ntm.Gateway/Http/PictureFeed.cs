using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Ntm.Interface;

namespace Ntm.Gateway.Http;

/// <summary>
/// The live picture for GET /api/v1/events: taken at most once a <see cref="Period"/> however many watch, and sent only when it says something
/// new. A watcher that does not read gets the latest picture when it does, never a backlog.
/// </summary>
public sealed class PictureFeed(Desk desk)
{
    /// <summary>How often <see cref="TurnAsync"/> is to be called.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>Streams open at once, at most.</summary>
    public const int WatchersMost = 16;

    /// <summary>Quiet turns after which a stream gets a comment, so that both ends notice a dead connection: 15 s.</summary>
    public const int QuietTurnsMost = 30;

    private static readonly byte[] Heartbeat = ": still here\n\n"u8.ToArray();

    private readonly Lock _gate = new();
    private readonly List<Channel<byte[]>> _watchers = [];
    private byte[] _lastSaid = [];
    private int _quietTurns;
    private bool _closed;

    /// <summary>A new stream of ready-made frames, or null where there are too many or the gateway is stopping.</summary>
    public Channel<byte[]>? TryWatch()
    {
        lock (_gate)
        {
            if (_closed || _watchers.Count >= WatchersMost)
            {
                return null;
            }

            var watcher = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
            _watchers.Add(watcher);
            return watcher;
        }
    }

    public void Leave(Channel<byte[]> watcher)
    {
        lock (_gate)
        {
            _watchers.Remove(watcher);
        }
    }

    /// <summary>Ends every stream.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryComplete();
            }
        }
    }

    /// <summary>Takes a picture where somebody watches, and sends it where it is news.</summary>
    public async Task TurnAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (_watchers.Count == 0)
            {
                return;
            }
        }

        var picture = await desk.Picture(stop);
        var said = JsonSerializer.SerializeToUtf8Bytes(Timeless(picture), InterfaceJson.Wire.PictureDocument);
        var news = !said.AsSpan().SequenceEqual(_lastSaid);
        _lastSaid = said;
        _quietTurns = news ? 0 : _quietTurns + 1;
        if (news)
        {
            Send(Frame(picture), onlyToIdle: false);
        }
        else if (_quietTurns >= QuietTurnsMost)
        {
            _quietTurns = 0;
            Send(Heartbeat, onlyToIdle: true);
        }
    }

    /// <summary>A picture as an event of a text/event-stream.</summary>
    public static byte[] Frame(PictureDocument picture) =>
        Encoding.UTF8.GetBytes($"event: picture\ndata: {JsonSerializer.Serialize(picture, InterfaceJson.Wire.PictureDocument)}\n\n");

    // A heartbeat must not push a picture out of a slow watcher's one place.
    private void Send(byte[] frame, bool onlyToIdle)
    {
        lock (_gate)
        {
            foreach (var watcher in _watchers)
            {
                if (!onlyToIdle || watcher.Reader.Count == 0)
                {
                    watcher.Writer.TryWrite(frame);
                }
            }
        }
    }

    /// <summary>
    /// The picture with its ages ("so long ago") turned into moments, to the tenth of a second, and without the time of day: what stays equal
    /// while nothing happens.
    /// </summary>
    private static PictureDocument Timeless(PictureDocument picture)
    {
        var upMs = picture.Status.UptimeSeconds * 1000;
        double? Moment(double? ageMs) => ageMs is { } age ? Math.Round((upMs - age) / 100) : null;
        ServerDocument Server(ServerDocument server) => server with { LastHeardMs = Moment(server.LastHeardMs) };

        // The round trip is measured anew all the time.
        UplinkDocument Uplink(UplinkDocument uplink) =>
            uplink.Standing is { } standing ? uplink with { Standing = standing with { SinceMs = Moment(standing.SinceMs), RoundTripMs = null } } : uplink;

        return new(
            picture.Status with
            {
                Uplinks = [.. picture.Status.Uplinks.Select(Uplink)],
                Now = default,
                UptimeSeconds = 0,
                Member = picture.Status.Member is { } member
                    ? member with { Coordinators = [.. member.Coordinators.Select(Server)], Relays = [.. member.Relays.Select(Server)] }
                    : null,
            },
            [.. picture.Devices.Select(device => device with { LastSeenMs = Moment(device.LastSeenMs) })],
            [.. picture.Peers.Select(peer => peer with { LastHandshakeMs = Moment(peer.LastHandshakeMs), LastReceivedMs = Moment(peer.LastReceivedMs) })]);
    }
}
