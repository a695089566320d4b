using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Wire;

/// <summary>Datagrams of all types into a table with a tunnel that stands: copies of real ones, changed; mac1 as it comes.</summary>
public sealed class TunnelTarget : Target
{
    private readonly SealedPair _pair = new();
    private readonly Watch _watch;
    private readonly TimeSpan? _handshake;
    private readonly TimeSpan? _received;

    public TunnelTarget() => (_watch, _handshake, _received) = (new(_pair.Bob.Counters), _pair.Bobs.LastHandshake, _pair.Bobs.LastReceived);

    public override string Name => "tunnel";

    public override string Law => "TunnelTable.Open: never throws; nothing is delivered, no tunnel made or changed; answered with no more bytes than came";

    public override int LongestInput => 1700;

    public override IReadOnlyList<byte[]> Words => [[1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0], [4, 0, 0, 0], .. _pair.ToBob.Select(d => d[4..8])];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden()
    {
        var cookie = new byte[TunnelMessage.CookieReplySize];
        cookie[0] = TunnelMessage.CookieReply;
        _pair.ToAlice[0].AsSpan(4, 4).CopyTo(cookie.AsSpan(4));
        return
        [
            ("initiation", _pair.ToBob[0]), ("keep-alive", _pair.ToBob[1]), ("data", _pair.ToBob[2]), ("response", _pair.ToAlice[0]), ("cookie-reply", cookie),
            ("long", [4, 0, 0, 0, .. _pair.ToBob[2][4..16], .. new byte[1500]]),
        ];
    }

    public override int Execute(ReadOnlySpan<byte> input)
    {
        var verdict = _pair.Open(input, out _);
        Require(verdict is OpenVerdict.Refused or OpenVerdict.Handshake, "nothing is delivered that was not sealed now");
        Require(_pair.Bob.All.Count == 1 && _pair.Bobs.LastHandshake == _handshake && _pair.Bobs.LastReceived == _received && _pair.Bobs.IsEstablished, "the tunnel stays as it is");
        var answered = 0;
        while (_pair.BobsOutbox.TryTakeDatagram(out _, out var datagram))
        {
            answered += datagram.Length;
        }

        Require(answered <= input.Length, "the answer is no longer than the question");
        return (_watch.Changed() * 31) + (int)verdict;
    }
}
