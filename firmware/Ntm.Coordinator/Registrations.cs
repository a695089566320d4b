using Google.Protobuf;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator;

/// <summary>Nodes' registrations: where they are, what they publish, which relays they have. Devices are kept, addresses are not.</summary>
internal sealed class Registrations(CoordinatorContext context, Members members, Relays relays, SightProofs proofs)
{
    public const string DeviceCollection = "devices";

    /// <summary>Where nodes may have their checks answered besides; 0: nowhere.</summary>
    public ushort SecondPort { get; set; }

    /// <summary>From the store, after the members.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var entry in memory)
        {
            if (entry is not { Collection: DeviceCollection, Value: { } value })
            {
                continue;
            }

            if (PublicKey.TryParse(entry.Key, out var key) && members.Find(key) is { Role: Role.Node } node
                && Wire.TryParse(RegistrationRequest.Parser, value, out var kept) && TryReadDevices(kept.Devices, out var devices))
            {
                node.Devices = devices;
            }
            else
            {
                context.Counters.Count("memory-refused");
            }
        }
    }

    public Signal Registered(Now now, Member node, WirePath path, RegistrationRequest request)
    {
        if (node.Role != Role.Node)
        {
            return context.Refuse(RefusalReason.RefusalNotPermitted, "registration-by-relay", $"'{node.Name}' joined as a relay, not as a node.");
        }

        if (request.Candidates.Count > Limits.Candidates)
        {
            return context.Refuse(RefusalReason.RefusalMalformed, "registration-candidates", $"More than {Limits.Candidates} candidates.");
        }

        if (!TryReadDevices(request.Devices, out var devices))
        {
            return context.Refuse(
                RefusalReason.RefusalMalformed, "registration-devices",
                $"Published devices are at most {Limits.PublishedDevices}, with different names of one label and different numbers from 1 to {Limits.DeviceNumberLast}.");
        }

        if (request.Nats.Count > Limits.NatTraits)
        {
            return context.Refuse(RefusalReason.RefusalMalformed, "registration-nats", $"More than {Limits.NatTraits} uplinks' NATs.");
        }

        node.Registration ??= node.Away;
        node.Away = null;
        if (node.Registration is { AnyGeneration: false } former && request.Generation < former.Generation)
        {
            // Overtaken on its way by a newer one; the answer is still right.
            context.Counters.Count("registration-overtaken");
            return Response(node, path);
        }

        if (node.Registration is null)
        {
            context.Note($"Node '{node.Name}' registered from {path.Remote}, with {devices.Count} published devices.");
        }
        else if (!node.Registration.Observed.SameHost(path.Remote))
        {
            context.Note($"Node '{node.Name}' moved from {node.Registration.Observed} to {path.Remote}.");
        }

        var registration = node.Registration ??= new();
        if (!request.Doors || registration.AnyGeneration)
        {
            registration.Doors = []; // it tells them after this
            registration.DoorsGeneration = 0;
        }

        registration.Generation = request.Generation;
        registration.AnyGeneration = false;
        registration.KeepAlive = request.KeepAlive > 0 ? TimeSpan.FromSeconds(request.KeepAlive) : null;
        registration.Until = now.Boot + Presence.Lasts(registration.KeepAlive);
        registration.RenewBy = now.Boot + (registration.KeepAlive is null ? Limits.RegistrationLifetime : Limits.RegistrationRenewal);
        registration.Observed = path.Remote;
        // What a coordinator saw, no node says itself, unless it shows that it was reached there: others send there what they would send to no other address.
        registration.Candidates = ReadCandidates(request.Candidates.Where(c => c.Kind != CandidateKind.CandidateMappedAtCoordinator || IsProven(now, node, c)), path.Remote);
        registration.Suites = new(request.Suites);
        registration.Nats = [.. request.Nats];
        registration.HasNat64 = request.Nat64;
        registration.Relays = relays.For(node);
        if (!devices.SequenceEqual(node.Devices))
        {
            node.Devices = devices;
            var kept = new RegistrationRequest();
            kept.Devices.AddRange(request.Devices);
            context.Keep(DeviceCollection, node.Key.ToString(), kept.ToByteArray());
        }

        return Response(node, path);
    }

    /// <summary>A new handshake with the node came to its end: it may have restarted.</summary>
    public static void Greeted(Member node)
    {
        if ((node.Registration ?? node.Away) is { } registration)
        {
            registration.AnyGeneration = true;
        }
    }

    /// <summary>An authenticated datagram of a member came: it is there, and perhaps elsewhere than before.</summary>
    /// <param name="path">None: it came by a way that says nothing of where the node is.</param>
    public void Heard(Now now, Member node, WirePath path)
    {
        if (node.Away is { } away)
        {
            node.Registration = away;
            node.Away = null;
            context.Note($"Node '{node.Name}' is back.");
        }

        if (node.Registration is not { KeepAlive: { } keepAlive } registration)
        {
            return;
        }

        registration.Until = now.Boot + Presence.Lasts(keepAlive);
        if (!path.IsNone && path.Remote != registration.Observed)
        {
            Moved(now, node, registration, path.Remote);
        }
    }

    /// <summary>Nothing came of a direction, and nothing was heard of the node since: it is not there.</summary>
    /// <param name="since">Boot time at which it was sent.</param>
    public void Silent(Member node, TimeSpan since)
    {
        if (node is { Registration: { KeepAlive: not null } registration } && (node.Tunnel?.LastReceived ?? TimeSpan.Zero) < since)
        {
            context.Note($"Node '{node.Name}' is no longer registered: it does not answer.");
            (node.Away, node.Registration) = (registration, null);
        }
    }

    // Its NAT has made another mapping. The node cannot see that, and peers that are directed from now on must be told the new one.
    private void Moved(Now now, Member node, NodeRegistration registration, RealAddress observed)
    {
        registration.Candidates = ReadCandidates(registration.Candidates.Select(c => c.ToWire()), observed, registration.Observed);
        if (!registration.Observed.SameHost(observed))
        {
            context.Note($"Node '{node.Name}' moved from {registration.Observed} to {observed}.");
        }

        registration.Observed = observed;
        if (now.Boot >= registration.TellMovedFrom && node.Tunnel is { } tunnel)
        {
            registration.TellMovedFrom = now.Boot + Bounds.MovedSpacing;
            context.Signals.Notify(now, tunnel, new Signal { PathCheckReply = new() { Seen = observed.ToWire() } });
        }
    }

    /// <summary>A node was taken out of the zone.</summary>
    public void Forget(Member node)
    {
        node.Registration = node.Away = null;
        context.Keep(DeviceCollection, node.Key.ToString(), null);
    }

    public void Sweep(Now now)
    {
        foreach (var node in members.All)
        {
            if (node.Registration is { } registration && registration.Until <= now.Boot)
            {
                (node.Registration, node.Away) = (null, registration.KeepAlive is null ? null : registration);
                context.Note($"Node '{node.Name}' is no longer registered: nothing was heard of it for {Presence.Lasts(registration.KeepAlive).TotalSeconds:0} s.");
            }

            if ((node.Registration ?? node.Away) is { } kept && kept.RenewBy <= now.Boot)
            {
                node.Registration = node.Away = null;
            }
        }
    }

    private Signal Response(Member node, WirePath path)
    {
        var lifetime = node.Registration!.KeepAlive is null ? Limits.RegistrationLifetime : Limits.RegistrationRenewal;
        var response = new RegistrationResponse { Observed = path.Remote.ToWire(), Lifetime = (uint)lifetime.TotalSeconds, SecondPort = SecondPort };
        var signal = new Signal { Number = ulong.MaxValue, Answer = true, RegistrationResponse = response };
        foreach (var relay in node.Registration.Relays.Where(r => r.Presence is not null))
        {
            response.Relays.Add(Relays.ToWire(relay));
            if (signal.CalculateSize() > Limits.SignalBytes)
            {
                response.Relays.RemoveAt(response.Relays.Count - 1);
                break;
            }
        }

        return signal;
    }

    /// <summary>What can be a candidate, and the address the coordinator sees itself, which replaces what the node says of that uplink.</summary>
    /// <param name="before">Where it saw the node before; none: it registers.</param>
    private List<NodeCandidate> ReadCandidates(IEnumerable<Candidate> theirs, RealAddress observed, RealAddress before = default)
    {
        var read = new List<NodeCandidate>();
        foreach (var candidate in theirs)
        {
            if (NodeCandidate.TryRead(candidate, context.Addressing.Prefix, out var good))
            {
                read.Add(good);
            }
            else
            {
                context.Counters.Count("candidate-refused");
            }
        }

        if (CandidateAddress.IsPossible(observed, context.Addressing.Prefix))
        {
            var uplink = UplinkOf(read, before.IsNone ? observed : before);
            read.RemoveAll(c => c.Kind == CandidateKind.CandidateMappedAtCoordinator && c.Uplink == uplink && c.Address.IsIPv4 == observed.IsIPv4);
            var said = read.Find(c => c.Uplink == uplink);
            read.Insert(0, new(CandidateKind.CandidateMappedAtCoordinator, observed, uplink) { Rank = said.Rank, Metered = said.Metered });
        }

        return read;
    }

    private bool IsProven(Now now, Member node, Candidate candidate)
    {
        if (candidate.Endpoint.TryRead(out var address) && proofs.IsGood(now.Boot, node.Key, address, candidate.Proof))
        {
            return true;
        }

        context.Counters.Count("candidate-not-proven");
        return false;
    }

    /// <summary>Which uplink the request came over: one whose address was seen just so, else from the same host, else one that has the family.</summary>
    private static uint UplinkOf(List<NodeCandidate> candidates, RealAddress observed)
    {
        var ordered = candidates.Where(c => c.Address == observed)
            .Concat(candidates.Where(c => c.IsMapped && c.Address.SameHost(observed)))
            .Concat(candidates.Where(c => c.Address.IsIPv4 == observed.IsIPv4).OrderBy(c => c.Uplink));
        return ordered.Select(c => c.Uplink).FirstOrDefault();
    }

    private static bool TryReadDevices(IReadOnlyCollection<PublishedDevice> published, out SortedDictionary<string, ushort> devices)
    {
        devices = new(StringComparer.Ordinal);
        var numbers = new HashSet<uint>();
        if (published.Count > Limits.PublishedDevices)
        {
            return false;
        }

        foreach (var device in published)
        {
            if (!NtmName.IsLabel(device.Name) || device.Number is 0 or > Limits.DeviceNumberLast || !numbers.Add(device.Number)
                || !devices.TryAdd(device.Name, (ushort)device.Number))
            {
                return false;
            }
        }

        return true;
    }
}
