using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Relay;

/// <summary>A join under way: asks the invite's coordinators one after the other until one has answered.</summary>
internal sealed class Joining(RelayContext context, Membership wanted, Action<Now, bool, string> onEnd)
{
    private readonly List<Tunnel.Tunnel> _asked = [];
    private int _next;

    public void AskNext(Now now)
    {
        while (_next < wanted.Coordinators.Count)
        {
            if (Announcements.Meet(context.Tunnels, wanted.Coordinators[_next++]) is { Candidates.Count: > 0 } tunnel)
            {
                _asked.Add(tunnel);
                var body = new Signal { JoinRequest = new JoinRequest { Binding = wanted.Binding.Signed } };
                context.Signals!.Request(now, tunnel, body, OnAnswer);
                return;
            }
        }

        var tried = string.Join(", ", _asked.SelectMany(t => t.Candidates).Select(c => c.Remote));
        Fail(now, $"No coordinator answered ({tried}). Check that it runs and that UDP to it is not blocked, then join again with the same invite.");
    }

    private void OnAnswer(Now now, Signal? answer)
    {
        switch (answer)
        {
            case { JoinResponse: not null }:
                onEnd(now, true, $"Joined zone {wanted.Zone} as relay {wanted.Name}.");
                break;
            case null or { Refusal.Reason: RefusalReason.RefusalBusy }:
                AskNext(now);
                break;
            case { Refusal: { } refusal }:
                Fail(now, $"The coordinator refused: {refusal.Text}");
                break;
            default:
                Fail(now, "The coordinator gave an answer of another kind. Is it of the same version?");
                break;
        }
    }

    private void Fail(Now now, string reason)
    {
        foreach (var tunnel in _asked)
        {
            context.Signals?.Forget(now, tunnel);
            context.Tunnels.Remove(tunnel);
        }

        onEnd(now, false, reason);
    }
}
