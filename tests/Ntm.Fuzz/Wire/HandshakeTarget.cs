using System.Buffers.Binary;
using Ntm.Crypto;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Wire;

/// <summary>
/// Handshake messages with a right mac1, so that they get to the costly part: byte 0 even an initiation, odd a response to an initiation of bob's that
/// waits. Time runs at 100 messages a second, in every other thousand at 1,000, so that cookies are asked for, too.
/// </summary>
public sealed class HandshakeTarget : Target
{
    private readonly SealedPair _pair = new();
    private readonly Tunnel.Tunnel _waiting;
    private readonly byte[] _mac1Key = new byte[32];
    private readonly Watch _watch;
    private byte[] _initiation = [];
    private long _count;
    private long _strangers;

    public HandshakeTarget()
    {
        Blake2s.Hash("mac1----"u8, Cast.Bob.Key.Public.ToArray(), _mac1Key);
        _watch = new(_pair.Bob.Counters);
        _pair.Bob.OnUnknownPeer = (_, _, _) =>
        {
            _strangers++;
            return null;
        };
        _waiting = _pair.Bob.Add(Cast.Carol.Key.Public, TunnelKind.Ntm);
        _waiting.SendPath = new(0, Cast.Carol.Address, 0);
        Begin();
    }

    public override string Name => "handshake";

    public override string Law => "TunnelTable.Open with right mac1: never throws; no key is agreed on, nobody unknown is believed, answered with no more bytes than came";

    public override int LongestInput => 1 + TunnelMessage.InitiationSize;

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
        [("initiation", [0, .. _pair.ToBob[0]]), ("response", [1, .. _pair.ToAlice[0]]), ("zeroes", [0, .. new byte[148]]), ("zero-response", [1, .. new byte[92]])];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        _pair.Now = Later(_pair.Now, TimeSpan.FromMilliseconds(_count++ / 1000 % 2 == 0 ? 10 : 1));
        if (_pair.Bob.NextDeadline <= _pair.Now.Boot)
        {
            _pair.Bob.HandleTimeout(_pair.Now);
            Begin();
        }

        var initiation = input[0] % 2 == 0;
        Span<byte> message = stackalloc byte[initiation ? TunnelMessage.InitiationSize : TunnelMessage.ResponseSize];
        message.Clear();
        input[1..][..Math.Min(input.Length - 1, message.Length)].CopyTo(message);
        message[0] = initiation ? TunnelMessage.Initiation : TunnelMessage.Response;
        message[1..4].Clear();
        if (!initiation)
        {
            _initiation.AsSpan(4, 4).CopyTo(message[8..]);
        }

        var at = initiation ? TunnelMessage.InitiationMac1 : TunnelMessage.ResponseMac1;
        Blake2s.Mac16(_mac1Key, message[..at], message.Slice(at, TunnelMessage.MacSize));
        var verdict = _pair.Open(message, out _);
        Require(verdict is OpenVerdict.Refused || (verdict is OpenVerdict.Handshake && message[..at].SequenceEqual(_pair.ToBob[0].AsSpan(0, at))), "no handshake succeeds");
        Require(_pair.Bob.All.Count == 2 && !_waiting.IsEstablished && _strangers == 0, "nobody is believed");
        var answered = 0;
        while (_pair.BobsOutbox.TryTakeDatagram(out _, out var datagram))
        {
            answered += datagram.Length;
        }

        Require(answered <= message.Length, "the answer is no longer than the question");
        return (_watch.Changed() * 31) + (int)verdict;
    }

    private static Now Later(Now now, TimeSpan by) => new(now.Boot + by, now.Wall + by);

    // Keeps an initiation of bob's under way; what else bob's timers send is not looked at.
    private void Begin()
    {
        _pair.Bob.Begin(_pair.Now, _waiting);
        while (_pair.BobsOutbox.TryTakeDatagram(out var path, out var datagram))
        {
            if (path.Remote == Cast.Carol.Address && datagram.Length == TunnelMessage.InitiationSize)
            {
                _initiation = datagram;
            }
        }

        if (_initiation.Length == 0 || BinaryPrimitives.ReadUInt32LittleEndian(_initiation.AsSpan(4)) == 0)
        {
            throw new InvalidOperationException("Bob has not begun.");
        }
    }
}
