using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator;

/// <summary>
/// The doors that nodes have told: who shows an acceptance that fits one is answered at once. It lets nobody in: the node still judges, and a door that it does not stand by is shut.
/// </summary>
internal sealed class Doorkeeper(CoordinatorContext context)
{
    public Signal Told(Member node, Doors told)
    {
        if (node.Registration is not { } registration)
        {
            return context.Refuse(RefusalReason.RefusalNotRegistered, "doors-not-registered", "Register first: this coordinator does not know where you are.");
        }

        if (told.Doors_.Count > Limits.Doors || told.Doors_.Any(d => d.Length != ShareDoor.Size))
        {
            return context.Refuse(RefusalReason.RefusalMalformed, "doors-malformed", $"Doors are at most {Limits.Doors}, of {ShareDoor.Size} bytes.");
        }

        if (told.Generation >= registration.DoorsGeneration)
        {
            (registration.DoorsGeneration, registration.Doors) = (told.Generation, [.. told.Doors_]);
        }

        return new Signal { Acknowledgement = new() };
    }

    /// <summary>
    /// The door that a question for a node opens; null: none, and the node is waited for. Everything is verified here that the node would: the acceptance is the share's word, and the
    /// asker's binding that of the owner in it.
    /// </summary>
    /// <param name="number">The asked device's.</param>
    public ByteString? Opened(Member node, ushort number, ZoneDirectionRequest request, PublicKey asker)
    {
        // The digest first: signatures are verified for nobody who does not know the share.
        if (node.Registration is not { Doors.Count: > 0 } registration || request.Acceptance is null
            || !Wire.TryParse(ShareAcceptance.Parser, request.Acceptance.Acceptance, out var said)
            || said.SharePublicKey.Length != PublicKey.Size || said.OwnerPublicKey.Length != PublicKey.Size || said.Zone != request.Zone)
        {
            return null;
        }

        var door = ((ByteString[])[ShareDoor.Of(said.SharePublicKey, number, said.OwnerPublicKey), ShareDoor.Of(said.SharePublicKey, number, null)])
            .FirstOrDefault(registration.Doors.Contains);
        if (door is null || !Acceptance.TryVerify(request.Acceptance, out var acceptance)
            || !BindingCheck.TryVouch(request.Asker, acceptance.OwnerKey.Span, acceptance.Zone, out var vouched, out _) || vouched.Key != asker || vouched.Role != Role.Node)
        {
            return null;
        }

        return door;
    }

    /// <summary>Who came by it was not to be answered: who comes by it next waits for the node's word, until the node tells its doors again.</summary>
    public void Shut(Member node, ByteString door)
    {
        if (node.Registration?.Doors.Remove(door) == true)
        {
            context.Counters.Count("door-shut");
        }
    }
}
