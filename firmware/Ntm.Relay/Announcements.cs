using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Tunnel;

namespace Ntm.Relay;

/// <summary>
/// Keeps this relay known to its coordinators: an announcement every half lifetime, and at once when a coordinator was lost or the endpoints changed. A failed
/// one is tried again after 1, 2, 4 ... 30 s.
/// </summary>
internal sealed class Announcements(RelayContext context, Func<TimeSpan, int> boundLegs)
{
    /// <summary>Told of the removal that came with a coordinator's refusal.</summary>
    public required Action<SignedRemoval> OnRemoved { get; init; }

    private readonly List<CoordinatorLink> _links = [];

    public IReadOnlyList<CoordinatorLink> Links => _links;

    /// <summary>The tunnel with a coordinator of ours, made if there is none, aimed at its endpoints.</summary>
    public static Tunnel.Tunnel? Meet(TunnelTable tunnels, Server server)
    {
        if (!server.PublicKey.TryRead(out var key) || key == tunnels.Key.Public)
        {
            return null;
        }

        var tunnel = tunnels.Find(key) ?? tunnels.Add(key, TunnelKind.Ntm);
        tunnel.Candidates.Clear();
        foreach (var endpoint in server.Endpoints.Take(Limits.Candidates))
        {
            if (endpoint.TryRead(out var address))
            {
                tunnel.Candidates.Add(new WirePath(0, address, 0));
            }
        }

        return tunnel;
    }

    /// <summary>Begins with the membership just joined or loaded.</summary>
    public void Start(Now now)
    {
        foreach (var server in context.Membership!.Coordinators)
        {
            if (Meet(context.Tunnels, server) is { } tunnel && _links.TrueForAll(l => l.Tunnel != tunnel))
            {
                var link = new CoordinatorLink(tunnel) { NextAt = now.Boot };
                tunnel.Owner = link;
                _links.Add(link);
            }
        }
    }

    /// <summary>Forgets the coordinators: the relay is in no zone any more.</summary>
    public void Stop(Now now)
    {
        var links = _links.ToArray();
        _links.Clear();
        foreach (var link in links)
        {
            context.Signals!.Forget(now, link.Tunnel);
            context.Tunnels.Remove(link.Tunnel);
        }
    }

    /// <summary>Announces as soon as time is handled next: what we announce has changed, or coordinators may have lost it.</summary>
    public void AnnounceSoon(Now now, CoordinatorLink? only = null)
    {
        foreach (var link in _links)
        {
            if ((only is null || link == only) && link.NextAt != TimeSpan.MaxValue)
            {
                link.NextAt = now.Boot;
            }
        }
    }

    public void HandleTimeout(Now now)
    {
        foreach (var link in _links)
        {
            if (link.NextAt <= now.Boot)
            {
                link.NextAt = TimeSpan.MaxValue;
                Announce(now, link);
            }
        }
    }

    public TimeSpan NextDeadline
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var link in _links)
            {
                next = link.NextAt < next ? link.NextAt : next;
            }

            return next;
        }
    }

    private void Announce(Now now, CoordinatorLink link)
    {
        var body = new Signal
        {
            RelayAnnouncement = new RelayAnnouncement { Binding = context.Membership!.Binding.Signed, Legs = (uint)boundLegs(now.Boot) },
        };
        body.RelayAnnouncement.Endpoints.AddRange(context.Model.Endpoints.Select(e => e.ToWire()));
        context.Signals!.Request(now, link.Tunnel, body, (at, answer) => OnAnswer(at, link, answer));
    }

    private void OnAnswer(Now now, CoordinatorLink link, Signal? answer)
    {
        if (!_links.Contains(link))
        {
            return; // stopped meanwhile
        }

        switch (answer)
        {
            case { RelayAnnouncementResponse: { } response }:
                if (!link.Announced)
                {
                    context.Note($"Announced to coordinator {link.Key.Short} at {link.Tunnel.SendPath.Remote}: zone {context.Membership!.Zone}, relay {context.Membership.Name}.");
                }

                link.Announced = true;
                link.Failures = 0;
                link.Reason = "announced";
                link.NextAt = now.Boot + TimeSpan.FromSeconds(Math.Clamp(response.Lifetime, 10, 3600)) / 2;
                break;
            case { Refusal: { } refusal }:
                if (refusal.Removal is { } removal)
                {
                    OnRemoved(removal);
                }

                Failed(now, link, $"it refused: {refusal.Text}");
                break;
            case null:
                // The tunnel may be one that the coordinator has forgotten with a restart: make a new one.
                context.Tunnels.Begin(now, link.Tunnel);
                Failed(now, link, "no answer within 8 s");
                break;
            default:
                Failed(now, link, "an answer of another kind");
                break;
        }
    }

    private void Failed(Now now, CoordinatorLink link, string reason)
    {
        if (link.Announced || link.Reason != reason)
        {
            context.Warn($"Not announced to coordinator {link.Key.Short} ({string.Join(", ", link.Tunnel.Candidates.Select(c => c.Remote))}): {reason}. Trying again.");
        }

        link.Announced = false;
        link.Reason = reason;
        link.NextAt = now.Boot + RetryPause.After(link.Failures++);
    }
}
