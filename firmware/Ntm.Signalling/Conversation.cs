using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Signalling;

/// <summary>What is under way with one peer: our requests that wait, and the peer's requests whose answers we remember.</summary>
internal sealed class Conversation(Tunnel.Tunnel tunnel, ulong firstNumber)
{
    private readonly Queue<(ulong Number, TimeSpan Until)> _order = new();

    public Tunnel.Tunnel Tunnel { get; } = tunnel;

    /// <summary>The address its frames came from, where nobody else knows its own.</summary>
    public VirtualAddress Said { get; set; }

    /// <summary>Requests taken from it, repeats aside; counted of strangers.</summary>
    public int Heard { get; set; }

    public Dictionary<ulong, Waiting> Requests { get; } = [];

    /// <summary>Answers by the peer's number; null while the request is still being worked on.</summary>
    public Dictionary<ulong, Signal?> Answers { get; } = [];

    public ulong NextNumber { get; set; } = firstNumber;

    /// <summary>Whether a look at the remembered answers is among the deadlines: one a conversation, however many requests the peer makes.</summary>
    public bool ForgetIsScheduled { get; set; }

    /// <summary>When the oldest remembered answer may be forgotten; null: none is remembered.</summary>
    public TimeSpan? ForgetAt => _order.TryPeek(out var oldest) ? oldest.Until : null;

    public bool IsIdle => Requests.Count == 0 && Answers.Count == 0;

    /// <summary>Makes room for one more answer to remember.</summary>
    public void Remember(ulong number, TimeSpan until)
    {
        Answers[number] = null;
        _order.Enqueue((number, until));
        while (_order.Count > Limits.AnswersRemembered)
        {
            Answers.Remove(_order.Dequeue().Number);
        }
    }

    public void ForgetBefore(TimeSpan now)
    {
        while (_order.TryPeek(out var oldest) && oldest.Until <= now)
        {
            Answers.Remove(_order.Dequeue().Number);
        }
    }

    internal sealed class Waiting(Signal request, TimeSpan sentAt, Action<Now, Signal?> onAnswer, VirtualAddress? to)
    {
        public VirtualAddress? To { get; } = to;

        public Signal Request { get; } = request;

        public TimeSpan SentAt { get; } = sentAt;

        public TimeSpan FailsAt => SentAt + Limits.SignalFailure;

        public Action<Now, Signal?> OnAnswer { get; } = onAnswer;

        public int Repeats { get; set; }
    }
}
