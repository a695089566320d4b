namespace Ntm.Linux.Queues;

/// <summary>
/// The order in which waiting packets go on, as FQ-CoDel has it (RFC 8290): flows, told by a hash, take turns by bytes; a flow that had nothing waiting
/// goes before those that have, for one quantum (other than there, one that begins with more than a quantum does not); within a flow the order stays, and <see cref="Codel"/> watches each. It holds numbers of packets only,
/// whose bytes are the caller's. Pure and of fixed size; nothing is allocated after its making.
/// </summary>
public sealed class FlowQueue
{
    /// <summary>Bytes a flow may send in a turn: a packet.</summary>
    public const int Quantum = 1514;

    /// <summary>Flows told apart; two in one place share a turn (RFC 8290, section 5.2.2).</summary>
    public const int Flows = 1024;

    private const int None = -1;

    private readonly Flow[] _flows = new Flow[Flows];
    private readonly int[] _waiting = new int[Flows]; // bytes, apart so that the fattest is found fast
    private readonly Item[] _items;
    private FlowList _new = FlowList.Empty;
    private FlowList _old = FlowList.Empty;

    /// <param name="capacity">Packets are numbered from 0 to below this.</param>
    public FlowQueue(int capacity)
    {
        _items = new Item[capacity];
        Array.Fill(_flows, Flow.Idle);
    }

    /// <summary>Packets in it.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a packet in.</summary>
    /// <param name="item">Its number, which is not in the queue.</param>
    /// <param name="hash">Of its flow.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="now">Boot time, not before that of the last call.</param>
    public void Add(int item, int hash, int bytes, TimeSpan now)
    {
        var index = hash & (Flows - 1);
        ref var flow = ref _flows[index];
        _items[item] = new Item { Next = None, Bytes = bytes, Since = now };
        if (flow.First == None)
        {
            flow.First = item;
        }
        else
        {
            _items[flow.Last].Next = item;
        }

        flow.Last = item;
        _waiting[index] += bytes;
        Count++;
        if (!flow.IsListed)
        {
            // A flow that begins with a super-packet is none that is thin, and would keep those waiting that are.
            (flow.IsListed, flow.Deficit) = (true, Quantum);
            Append(ref bytes <= Quantum ? ref _new : ref _old, index);
        }
    }

    /// <summary>Takes the packet that is to go next.</summary>
    /// <param name="now">Boot time.</param>
    /// <param name="item">Its number.</param>
    /// <param name="waited">How long it was in the queue.</param>
    /// <param name="isDue">Its sender must hear of the queue: <see cref="Codel.IsDue"/>.</param>
    /// <returns>False: nothing waits.</returns>
    public bool TryTake(TimeSpan now, out int item, out TimeSpan waited, out bool isDue)
    {
        while (true)
        {
            var isNew = _new.First != None;
            ref var list = ref isNew ? ref _new : ref _old;
            var index = list.First;
            if (index == None)
            {
                (item, waited, isDue) = (None, default, false);
                return false;
            }

            ref var flow = ref _flows[index];
            if (flow.Deficit <= 0)
            {
                flow.Deficit += Quantum;
                RemoveFirst(ref list);
                Append(ref _old, index);
            }
            else if (flow.First == None)
            {
                // A new flow that runs empty waits behind the old ones, so that it cannot go first again and again.
                RemoveFirst(ref list);
                if (isNew && _old.First != None)
                {
                    Append(ref _old, index);
                }
                else
                {
                    flow.IsListed = false;
                }
            }
            else
            {
                item = RemoveHead(index);
                flow.Deficit -= _items[item].Bytes;
                waited = now - _items[item].Since;
                isDue = flow.Codel.IsDue(now, waited, _waiting[index]);
                return true;
            }
        }
    }

    /// <summary>Takes the oldest packet of the flow that has most bytes waiting: who fills the queue makes room in it.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="InvalidOperationException">Nothing waits: a bug.</exception>
    public int TakeOfFattest()
    {
        var fattest = 0;
        for (var i = 1; i < _waiting.Length; i++)
        {
            if (_waiting[i] > _waiting[fattest])
            {
                fattest = i;
            }
        }

        return _waiting[fattest] > 0 ? RemoveHead(fattest) : throw new InvalidOperationException("Nothing waits that could make room.");
    }

    // The flow stays in its list; it leaves that when it is its turn.
    private int RemoveHead(int index)
    {
        ref var flow = ref _flows[index];
        var item = flow.First;
        flow.First = _items[item].Next;
        _waiting[index] -= _items[item].Bytes;
        Count--;
        return item;
    }

    private void Append(ref FlowList list, int index)
    {
        _flows[index].Next = None;
        if (list.First == None)
        {
            list.First = index;
        }
        else
        {
            _flows[list.Last].Next = index;
        }

        list.Last = index;
    }

    private void RemoveFirst(ref FlowList list) => list.First = _flows[list.First].Next;

    private struct Flow
    {
        public static readonly Flow Idle = new() { First = None };

        public int First; // of its packets
        public int Last;
        public int Next;  // flow in the same list
        public int Deficit;
        public bool IsListed;
        public Codel Codel;
    }

    private struct FlowList
    {
        public static readonly FlowList Empty = new() { First = None };

        public int First;
        public int Last;
    }

    private struct Item
    {
        public int Next;
        public int Bytes;
        public TimeSpan Since;
    }
}
