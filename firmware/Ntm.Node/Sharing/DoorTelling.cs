using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Node.Sharing;

/// <summary>Tells the coordinators the doors of the shares that are given and last, so that who holds one is answered a round trip sooner.</summary>
internal sealed class DoorTelling(NodeContext context, Registration registration)
{
    private bool _toldAny;

    /// <summary>Whether registrations announce them.</summary>
    public bool HasAny(Now now) => Doors(now).Any();

    /// <summary>Shares have changed, or a coordinator has taken a registration.</summary>
    public void Tell(Now now)
    {
        if (context.Membership is null || context.Signals is not { } signals)
        {
            return;
        }

        var doors = Doors(now).ToArray();
        if (doors.Length == 0 && !_toldAny)
        {
            return;
        }

        _toldAny = true;
        foreach (var coordinator in registration.Coordinators.Where(c => c.Registered))
        {
            var told = new Protocol.Signalling.Doors { Generation = registration.NextGeneration() };
            told.Doors_.AddRange(doors);
            signals.Request(now, coordinator.Tunnel, new Signal { Doors = told }, (_, answer) =>
            {
                if (answer is not { Acknowledgement: not null })
                {
                    context.Counters.Count("doors-not-taken"); // told again with the next registration
                }
            });
        }
    }

    // The latest shares, where they are more: who comes by another waits for our word.
    private IEnumerable<ByteString> Doors(Now now)
    {
        var at = context.Sharing.Time(now);
        return context.Sharing.Given.All.Where(s => s.Expires > at).Reverse().Take(Limits.Doors).Select(s => ShareDoor.Of(s.Key, s.Number, s.OwnerKey));
    }
}
