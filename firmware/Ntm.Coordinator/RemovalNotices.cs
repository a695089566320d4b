using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>
/// Tells every registered node and every relay that is there whom the owner removed, in order and until acknowledged; those that come later, too. What was
/// acknowledged is remembered in memory alone: after a restart all is told again, at a pace.
/// </summary>
internal sealed class RemovalNotices(CoordinatorContext context, Members members)
{
    public void Sweep(Now now)
    {
        var left = Bounds.ToldEachSweep;
        foreach (var member in members.All)
        {
            if (member.RemovalsTold < context.Removals.All.Count && member is { IsBeingTold: false, Tunnel: not null } && member.TellAt <= now.Boot
                && (member.Registration is not null || member.Presence is not null))
            {
                Tell(now, member);
                if (--left == 0)
                {
                    return;
                }
            }
        }
    }

    private void Tell(Now now, Member member)
    {
        // The number stands in while the size is worked out; the signalling sets it.
        var notice = new Signal { Number = ulong.MaxValue, RemovalNotice = new() };
        foreach (var removal in context.Removals.All.Skip(member.RemovalsTold))
        {
            notice.RemovalNotice.Removals.Add(removal.Signed);
            if (notice.CalculateSize() > Limits.SignalBytes)
            {
                notice.RemovalNotice.Removals.RemoveAt(notice.RemovalNotice.Removals.Count - 1);
                break;
            }
        }

        var count = notice.RemovalNotice.Removals.Count;
        member.IsBeingTold = true;
        context.Signals.Request(now, member.Tunnel!, notice, (at, answer) =>
        {
            member.IsBeingTold = false;
            if (answer is null)
            {
                context.Counters.Count("removal-notice-unanswered");
                member.TellAt = at.Boot + Bounds.ToldAgain;
                return;
            }

            // One that refuses would refuse again.
            if (answer is not { Acknowledgement: not null })
            {
                context.Counters.Count("removal-notice-refused");
            }

            member.RemovalsTold += count;
        });
    }
}
