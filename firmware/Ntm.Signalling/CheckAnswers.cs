using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Tunnel;

namespace Ntm.Signalling;

/// <summary>
/// Answers a server's nodes' checks (docs/protocol.md section 5, "NAT"), so that they find out what their NATs do: by the way they came, from the second port, to another
/// port of the same host, or later. Coordinator and relay do the same. What is owed is bounded for each node and in all, and no reply is longer than its check.
/// </summary>
public sealed class CheckAnswers(TunnelTable tunnels, Func<SignalChannel?> signals, Counters counters)
{
    private const int AccountsBeforeSweep = 64;

    private readonly Dictionary<Tunnel.Tunnel, Account> _accounts = [];
    private readonly PriorityQueue<Late, TimeSpan> _late = new();
    private int _sweepAt = AccountsBeforeSweep;

    /// <summary>Where the program listens for checks besides; 0: nowhere.</summary>
    public ushort SecondPort { get; set; }

    /// <summary>A coordinator's: what a node shows to have been reached at an address.</summary>
    public Func<Now, Tunnel.Tunnel, RealAddress, ulong>? Prove { get; set; }

    /// <summary>Replies that are owed.</summary>
    public int Owed => _late.Count;

    public TimeSpan NextDeadline => _late.TryPeek(out _, out var at) ? at : TimeSpan.MaxValue;

    /// <summary>A node's check: answers it now or later, or not at all, counted.</summary>
    /// <param name="from">The path it came by.</param>
    public void Take(Now now, Tunnel.Tunnel tunnel, WirePath from, PathCheck check)
    {
        if (!_accounts.TryGetValue(tunnel, out var account))
        {
            Sweep();
            _accounts.Add(tunnel, account = new Account(now.Boot));
        }

        if (!account.TrySpend(now.Boot))
        {
            counters.Count("check-too-many");
            return;
        }

        var wish = check.Reply ?? new();
        if (wish.Port > ushort.MaxValue || wish.After > Limits.LateReplySeconds || (wish.SecondPort && SecondPort == 0))
        {
            counters.Count("check-wish-refused");
            return;
        }

        var to = new WirePath(
            wish.SecondPort ? UplinkSocket.Of(0, UplinkSocket.Observing) : from.Uplink, wish.Port == 0 ? from.Remote : from.Remote.WithPort((ushort)wish.Port), 0);
        var reply = new Signal { PathCheckReply = new() { Id = check.Id, Seen = from.Remote.ToWire() } };

        if (check.Reply is null && Prove?.Invoke(now, tunnel, from.Remote) is { } proof)
        {
            reply.PathCheckReply.Proof = proof;
            if (SignalChannel.SizeOnWire(reply) > SignalChannel.SizeOnWire(new Signal { PathCheck = check }))
            {
                reply.PathCheckReply.Proof = 0;
            }
        }

        // As long as the check at most: who is behind that port may have asked for nothing.
        if (SignalChannel.SizeOnWire(reply) > SignalChannel.SizeOnWire(new Signal { PathCheck = check }))
        {
            counters.Count("check-shorter-than-its-reply");
        }
        else if (wish.After == 0)
        {
            signals()?.Notify(now, tunnel, reply, to);
        }
        else if (account.Late >= Limits.LateRepliesPerNode || _late.Count >= Limits.LateReplies)
        {
            counters.Count("check-too-many-late");
        }
        else
        {
            account.Late++;
            _late.Enqueue(new(tunnel, account, to, reply), now.Boot + TimeSpan.FromSeconds(wish.After));
        }
    }

    public void HandleTimeout(Now now)
    {
        while (_late.TryPeek(out var late, out var at) && at <= now.Boot)
        {
            _late.Dequeue();
            late.Account.Late--;
            if (tunnels.Find(late.Tunnel.Peer) == late.Tunnel && late.Tunnel.IsEstablished)
            {
                signals()?.Notify(now, late.Tunnel, late.Reply, late.To);
            }
        }
    }

    private void Sweep()
    {
        if (_accounts.Count < _sweepAt)
        {
            return;
        }

        foreach (var gone in _accounts.Keys.Where(t => tunnels.Find(t.Peer) != t).ToArray())
        {
            _accounts.Remove(gone);
        }

        _sweepAt = Math.Max(AccountsBeforeSweep, 2 * _accounts.Count);
    }

    private sealed record Late(Tunnel.Tunnel Tunnel, Account Account, WirePath To, Signal Reply);

    private sealed class Account(TimeSpan opened)
    {
        private double _left = Limits.ServerChecksAtOnce;
        private TimeSpan _reckonedAt = opened;

        public int Late { get; set; }

        public bool TrySpend(TimeSpan now)
        {
            _left = Math.Min(Limits.ServerChecksAtOnce, _left + ((now - _reckonedAt).TotalSeconds * Limits.ServerChecksPerSecond));
            _reckonedAt = now;
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
