using Google.Protobuf;
using Ntm.Fuzz.Cores;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Fuzz;

/// <summary>One right message of every kind, of the zone and the parties of <see cref="Cast"/>.</summary>
public static class GoldenSignals
{
    public static IEnumerable<(string Name, Signal Signal)> All()
    {
        var direction = Cast.Direction(Cast.Bob, begin: true);
        var announcement = new RelayAnnouncement { Binding = Cast.Relay.Binding, Legs = 3 };
        announcement.Endpoints.Add(Cast.Relay.Address.ToWire());
        var registration = new RegistrationRequest { Generation = 5, Suites = 4, KeepAlive = 25 };
        var nat = new NatTraits { Uplink = 0, Mapping = NatMapping.AddressDependent, Filtering = NatFiltering.EndpointIndependent, Allocation = PortAllocation.Stepped, Step = -2, LatestPort = 40_001 };
        registration.Nats.Add(nat);
        registration.Candidates.AddRange(Cast.Candidates());
        registration.Devices.Add(new PublishedDevice { Name = "nas", Number = 1 });
        var registered = new RegistrationResponse { Observed = Cast.Alice.Address.ToWire(), Lifetime = 60, SecondPort = 5016 };
        var relay = new RelayServer { Binding = Cast.Relay.Binding };
        relay.Endpoints.Add(Cast.Relay.Address.ToWire());
        registered.Relays.Add(relay);
        var update = new CandidateUpdate { Generation = 9 };
        update.Candidates.AddRange(Cast.Candidates());
        update.Nats.Add(nat);
        var shared = Cast.Direction(Cast.Dave, begin: false);
        shared.Acceptance = Cast.Accepted;
        return
        [
            ("refusal", new Signal { Refusal = new() { Reason = RefusalReason.RefusalNoSuchName, Text = "There is no such name." } }),
            ("acknowledgement", new Signal { Acknowledgement = new() }),
            ("join-request", new Signal { JoinRequest = new() { Binding = Cast.Carol.Binding } }),
            ("join-response", new Signal { JoinResponse = new() { Observed = Cast.Alice.Address.ToWire() } }),
            ("registration-request", new Signal { RegistrationRequest = registration }),
            ("doors", new Signal { Doors = new() { Generation = 6, Doors_ = { ShareDoor.Of(Acceptance.PublicKeyOf(new byte[32]), 1, null) } } }),
            ("registration-response", new Signal { RegistrationResponse = registered }),
            ("direction-request", new Signal { DirectionRequest = new() { Name = "nas.bob.home.example" } }),
            ("direction-request-node", new Signal { DirectionRequest = new() { Name = "bob.home.example" } }),
            ("route-direction", new Signal { RouteDirection = direction }),
            ("route-direction-carol", new Signal { RouteDirection = Cast.Direction(Cast.Carol, begin: false) }),
            ("relay-registration-request", new Signal { RelayRegistrationRequest = new() { Binding = Cast.Carol.Binding } }),
            ("relay-registration-response", new Signal { RelayRegistrationResponse = new() { Observed = Cast.Alice.Address.ToWire(), Lifetime = 60 } }),
            ("relay-announcement", new Signal { RelayAnnouncement = announcement }),
            ("relay-announcement-response", new Signal { RelayAnnouncementResponse = new() { Lifetime = 60 } }),
            ("channel-lease-request", new Signal { ChannelLeaseRequest = new() { Count = 256 } }),
            ("channel-lease-response", new Signal { ChannelLeaseResponse = new() { First = 256, Count = 256, Lifetime = 172_800 } }),
            ("relay-pairing", new Signal { RelayPairing = Cast.Pairing(260, 261) }),
            ("path-check", new Signal { PathCheck = new() { Id = 0x0102030405060708 } }),
            ("path-check-of-a-server", new Signal { PathCheck = new() { Id = 7, Padding = ByteString.CopyFrom(new byte[32]), Reply = new() { SecondPort = true, Port = 50_000, After = 28 } } }),
            ("path-check-reply-unasked", new Signal { PathCheckReply = new() { Seen = Cast.Alice.Address.WithPort(50_001).ToWire() } }),
            ("path-check-reply-register", new Signal { PathCheckReply = new() }),
            ("path-check-reply", new Signal { PathCheckReply = new() { Id = 0x0102030405060708, Seen = Cast.Alice.Address.ToWire() } }),
            ("path-use", new Signal { PathUse = new() { Generation = 3, Relayed = true } }),
            ("candidate-update", new Signal { CandidateUpdate = update }),
            ("probe-round", new Signal
            {
                ProbeRound = new()
                {
                    Nat = new() { Mapping = NatMapping.AddressAndPortDependent, Filtering = NatFiltering.AddressAndPortDependent, Allocation = PortAllocation.Stepped, Step = -2, LatestPort = 5000 },
                    Mapped = Cast.Bob.Address.ToWire(), Ports = { 4998, 4996, 4994 },
                },
            }),
            ("direction-request-other-zone", new Signal { DirectionRequest = new() { Name = "cam.dave.friends.example", Zone = Cast.TheirZone, Acceptance = Cast.Accepted } }),
            ("route-direction-shared", new Signal { RouteDirection = shared }),
            ("zone-direction-request", new Signal { ZoneDirectionRequest = Cast.TheirRequest() }),
            ("removal-notice", new Signal { RemovalNotice = new() { Removals = { Cast.Removal(Cast.Carol) } } }),
            ("refusal-removed", new Signal { Refusal = new() { Reason = RefusalReason.RefusalRemoved, Text = "Out.", Removal = Cast.Removal(Cast.Carol) } }),
        ];
    }
}
