using Ntm.Protocol;

namespace Ntm.Linux.Offloads;

/// <summary>
/// Packets on their way to the TUN, gathered into runs that can be written in one piece. Nothing is copied: the packets must stay as they are. The order
/// within a flow is kept, and a packet whose flow cannot be told is passed by nothing. Flows are told by their addresses inside; those of different tunnels
/// differ, since each peer has its own.
/// </summary>
public sealed class SegmentGathering
{
    /// <summary>Runs that may still grow. Each packet is compared with all of them; with more flows at once, the oldest run ends.</summary>
    private const int MostOpen = 8;

    private readonly Packet[] _packets;
    private readonly int[] _next;
    private readonly Gathered[] _runs;
    private readonly int[] _open = new int[MostOpen];
    private int _openCount;

    /// <param name="capacity">Packets it takes.</param>
    public SegmentGathering(int capacity)
    {
        (_packets, _next, _runs) = (new Packet[capacity], new int[capacity], new Gathered[capacity]);
    }

    /// <summary>Whether datagrams of UDP may be merged, too.</summary>
    public bool MergesUdp { get; init; } = true;

    /// <summary>Packets in it.</summary>
    public int Count { get; private set; }

    /// <summary>Runs in it, in the order of their first packets.</summary>
    public int Runs { get; private set; }

    public bool IsFull => Count == _packets.Length;

    /// <exception cref="InvalidOperationException">It is full: a bug; ask <see cref="IsFull"/>.</exception>
    public void Add(Packet packet)
    {
        if (IsFull)
        {
            throw new InvalidOperationException($"The gathering's {_packets.Length} places are all in use.");
        }

        var index = Count++;
        (_packets[index], _next[index]) = (packet, -1);
        var bytes = packet.Bytes;
        var facts = MergeFacts.Of(bytes);
        if (!facts.IsTcp && !MergesUdp)
        {
            facts = facts with { MayMerge = false };
        }

        if (!facts.HasFlow)
        {
            _openCount = 0;
        }

        for (var i = 0; i < _openCount; i++)
        {
            ref var run = ref _runs[_open[i]];
            var verdict = run.Run.Take(_packets[run.First].Bytes, facts, bytes);
            if (verdict == MergeVerdict.OtherFlow)
            {
                continue;
            }

            if (verdict != MergeVerdict.NotNext)
            {
                _next[run.Last] = index;
                run.Last = index;
            }

            if (run.Run.IsClosed)
            {
                CloseAt(i);
            }

            if (verdict != MergeVerdict.NotNext)
            {
                return;
            }

            break;
        }

        var begun = SegmentRun.Begin(facts);
        _runs[Runs] = new Gathered { Run = begun, First = index, Last = index };
        if (!begun.IsClosed)
        {
            if (_openCount == MostOpen)
            {
                CloseAt(0);
            }

            _open[_openCount++] = Runs;
        }

        Runs++;
    }

    /// <summary>How many packets the run has.</summary>
    public int CountOf(int run) => _runs[run].Run.Count;

    /// <summary>The run's first packet.</summary>
    public Packet FirstOf(int run) => _packets[_runs[run].First];

    /// <summary>Makes the headers of the run's first packet those of the whole, and says what goes before it. Once, and only where it has more than one.</summary>
    public VirtioHeader Finish(int run) => _runs[run].Run.Finish(FirstOf(run).Bytes, _packets[_runs[run].Last].Bytes);

    /// <summary>Bytes of headers of each of the run's packets.</summary>
    public int HeadersOf(int run) => _runs[run].Run.Head.Headers;

    /// <summary>Goes through a run's packets.</summary>
    /// <param name="cursor">-1 to begin; where it stands.</param>
    /// <returns>False at its end.</returns>
    public bool TryNext(int run, ref int cursor, out Packet packet)
    {
        cursor = cursor < 0 ? _runs[run].First : _next[cursor];
        packet = cursor < 0 ? null! : _packets[cursor];
        return cursor >= 0;
    }

    public void Clear() => (Count, Runs, _openCount) = (0, 0, 0);

    // The order stays: the oldest is first.
    private void CloseAt(int index)
    {
        _openCount--;
        for (var i = index; i < _openCount; i++)
        {
            _open[i] = _open[i + 1];
        }
    }

    private struct Gathered
    {
        public SegmentRun Run;
        public int First;
        public int Last;
    }
}
