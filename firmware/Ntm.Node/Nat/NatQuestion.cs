using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Node.Nat;

/// <summary>A check that one of our servers is to answer to the observing socket: sent again until it is answered or given up. A reply counts only by the way it is due.</summary>
/// <param name="server">Whom it is sent to.</param>
/// <param name="by">The way it goes out.</param>
/// <param name="due">Where the reply must come from.</param>
internal sealed class NatQuestion(ServerLink server, WirePath by, RealAddress due)
{
    /// <summary>So that no reply is longer than its check.</summary>
    public static ByteString Padding { get; } = ByteString.CopyFrom(new byte[32]);

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(350);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly HashSet<ulong> _ids = [];
    private int _tries;

    public ReplyWish? Wish { get; init; }

    public int Tries { get; init; } = 3;

    public ServerLink Server => server;

    public WirePath By => by;

    /// <summary>As whom the server saw the check come; none: no reply came by the way it is due.</summary>
    public RealAddress Seen { get; private set; }

    public bool IsAnswered => !Seen.IsNone;

    public bool IsOver { get; private set; }

    public TimeSpan NextAt { get; private set; } = TimeSpan.Zero;

    /// <summary>Sends it again, or gives it up, where that is due.</summary>
    public void HandleTimeout(Now now, NodeContext context)
    {
        if (IsOver || NextAt > now.Boot)
        {
            return;
        }

        if (_tries >= Tries)
        {
            IsOver = true;
            return;
        }

        _tries++;
        NextAt = now.Boot + (_tries < Tries ? Every : Patience);
        var id = context.Random();
        if (context.Signals!.Notify(now, server.Tunnel, new Signal { PathCheck = new() { Id = id, Padding = Padding, Reply = Wish } }, by))
        {
            _ids.Add(id);
        }
    }

    /// <returns>Whether the reply is to this question; one that came by another way answers nothing.</returns>
    public bool TryTake(ServerLink from, WirePath path, PathCheckReply reply)
    {
        if (from != server || !_ids.Contains(reply.Id))
        {
            return false;
        }

        if (!IsOver && path.Remote == due && reply.Seen.TryRead(out var seen) && seen.IsIPv4 == by.Remote.IsIPv4)
        {
            Seen = seen;
            IsOver = true;
        }

        return true;
    }
}
