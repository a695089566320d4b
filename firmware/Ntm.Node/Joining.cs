using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Node;

/// <summary>Joins a zone with an invite code: binds key and name with the invite's one-time key and asks the coordinators to keep the binding.</summary>
internal sealed class Joining(NodeContext context)
{
    private bool _underWay;

    /// <summary>Told when a coordinator has kept our binding.</summary>
    public required Action<Now, Membership> OnMember { get; init; }

    /// <summary>Makes the signalling for a zone; its framing needs the zone's addressing.</summary>
    public required Func<ZoneAddressing, SignalChannel> MakeSignals { get; init; }

    public void Begin(Now now, string code, string? wanted)
    {
        if (context.Membership is { } member)
        {
            End(false, $"This gateway is '{member.Name}' of the zone {member.Zone} already. It must leave that first: ntm leave.");
            return;
        }

        if (_underWay)
        {
            End(false, "Another invite code is being tried just now. Wait for its end.");
            return;
        }

        if (!InviteCode.TryRead(code, out var invite, out var grant, out var problem))
        {
            End(false, problem);
            return;
        }

        var name = grant.Name.Length > 0 ? grant.Name : wanted;
        if (grant.Role != Role.Node)
        {
            End(false, "This invite code is for a relay, not for a gateway. Ask for one made without --relay.");
        }
        else if (wanted is not null && name != wanted)
        {
            End(false, $"This invite code is for the name '{grant.Name}', not '{wanted}'. Leave the name out or ask for another code.");
        }
        else if (!NtmName.IsLabel(name))
        {
            End(false, name is null ? "This invite code leaves the name open: give one, with --name." : $"'{name}' cannot be a name: use a-z, 0-9 and hyphens inside, at most 63.");
        }
        else if (!BindingCheck.TryVouch(
            InviteCode.Bind(invite, name, context.Key, DateOfBinding(now)), invite.OwnerPublicKey.Span, grant.Zone, out var binding, out var why))
        {
            End(false, $"The invite code cannot be used: {why}. Copy all of it again, or ask for a new one.");
        }
        else if (invite.Coordinators.Any(c => new PublicKey(c.PublicKey.Span) == context.Key))
        {
            End(false, "The invite code names this gateway as its own coordinator. Ask for a new one.");
        }
        else
        {
            _underWay = true;
            context.Signals = MakeSignals(new ZoneAddressing(grant.Zone));
            Ask(now, new Membership(invite.OwnerPublicKey.ToByteArray(), binding, [.. invite.Coordinators]), 0);
        }
    }

    // A key that was removed comes back with a younger binding alone, also where our clock is behind.
    private DateTimeOffset DateOfBinding(Now now) =>
        context.OwnRemoval is { } removal && removal.MadeAt >= now.Wall.ToUnixTimeSeconds() && removal.MadeAt < DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(removal.MadeAt + 1)
            : now.Wall;

    private void Ask(Now now, Membership wanted, int which)
    {
        var server = wanted.Coordinators[which];
        var tunnel = context.Tunnels.Add(new PublicKey(server.PublicKey.Span), TunnelKind.Ntm);
        tunnel.Candidates.Clear();
        tunnel.Candidates.AddRange(server.Endpoints.Select(e => e.TryRead(out var a) ? a : default).Where(a => !a.IsNone).SelectMany(context.PathsTo));
        context.Signals!.Request(now, tunnel, new Signal { JoinRequest = new() { Binding = wanted.Binding.Signed } }, (at, answer) =>
        {
            switch (answer)
            {
                case { JoinResponse: not null }:
                    _underWay = false;
                    OnMember(at, wanted);
                    End(true, $"This gateway is now '{wanted.Name}' of the zone {wanted.Zone}.");
                    break;
                case { Refusal: { } refusal }:
                    Fail(tunnel, $"The coordinator refused: {refusal.Text}");
                    break;
                case null when which + 1 < wanted.Coordinators.Count:
                    context.Tunnels.Remove(tunnel);
                    Ask(at, wanted, which + 1);
                    break;
                default:
                    var addresses = string.Join(", ", server.Endpoints.Select(e => e.TryRead(out var a) ? a.ToString() : "?"));
                    Fail(tunnel, $"No coordinator answered at {addresses} within 8 s. Check that the uplink works and that the coordinator runs.");
                    break;
            }
        });
    }

    private void Fail(Tunnel.Tunnel tunnel, string sentence)
    {
        _underWay = false;
        context.Tunnels.Remove(tunnel);
        context.Signals = null;
        End(false, sentence);
    }

    private void End(bool done, string sentence) => context.Events.Enqueue(new NodeEvent.JoinEnded(new(done, sentence)));
}
