using System.Net;
using System.Security.Cryptography;
using System.Text;
using Ntm.Coordinator;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Coordinator;

/// <summary>A coordinator core and parties around it, in time held by hand; datagrams arrive at once.</summary>
internal sealed class Hall
{
    public const string Zone = "home.example";
    public static readonly RealAddress CoordinatorAddress = Address("203.0.113.10:4916");

    private readonly List<Party> _parties = [];
    private readonly PacketBatch _batch = new();

    public Hall()
    {
        Owner = new OwnerKey(SHA256.HashData("owner"u8));
        Key = new StaticKeyPair(SHA256.HashData("coordinator"u8));
        Core = Make();
    }

    public Now Now { get; private set; } = new(TimeSpan.FromHours(1), new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public ZoneAddressing Addressing { get; } = new(Zone);

    public OwnerKey Owner { get; }

    public StaticKeyPair Key { get; }

    public CoordinatorCore Core { get; private set; }

    /// <summary>What the coordinator keeps.</summary>
    public Dictionary<(string Collection, string Key), byte[]> Memory { get; } = [];

    public List<string> Notices { get; } = [];

    /// <summary>What the DNS answers at once, by zone; what is not here is never answered.</summary>
    public Dictionary<string, NtmRecordCoordinator> Records { get; } = [];

    /// <summary>Zones whose NTM record was looked up.</summary>
    public List<string> Wanted { get; } = [];

    /// <summary>Counts requests that parties took, to tell their order.</summary>
    public int Order { get; set; }

    public static RealAddress Address(string text) => RealAddress.From(IPEndPoint.Parse(text));

    public static Candidate Candidate(CandidateKind kind, string address, uint uplink = 0) =>
        new() { Kind = kind, Endpoint = Address(address).ToWire(), Uplink = uplink };

    public long Counted(string reason) => Core.Describe(Now).Counters.GetValueOrDefault(reason);

    /// <summary>Entries that the coordinator wrote or took away.</summary>
    public int Written { get; private set; }

    /// <summary>The party of that name, made where there is none.</summary>
    public Party Find(string label, string address) => _parties.Find(p => p.Label == label) ?? Add(label, address);

    public Party Find(string label) => _parties.Single(p => p.Label == label);

    public Party Add(string label, string address, string zone = Zone)
    {
        var party = new Party(this, label, Address(address), zone);
        _parties.Add(party);
        return party;
    }

    /// <summary>A node that joined.</summary>
    public Party Node(string name, string address)
    {
        var node = Add(name, address);
        Assert.NotNull(node.Join(Invite(), name)?.JoinResponse);
        return node;
    }

    /// <summary>A relay that joined, leases channels from 256 on, and announced itself.</summary>
    public Party Relay(string name, string address)
    {
        var relay = Add(name, address);
        relay.Answering = signal => signal.BodyCase == Signal.BodyOneofCase.ChannelLeaseRequest
            ? new Signal { ChannelLeaseResponse = new() { First = 256, Count = signal.ChannelLeaseRequest.Count, Lifetime = 48 * 3600 } }
            : null;
        Assert.NotNull(relay.Join(Invite(Role.Relay), name)?.JoinResponse);
        Assert.NotNull(relay.Announce(address)?.RelayAnnouncementResponse);
        return relay;
    }

    public Invite Invite(Role role = Role.Node, string name = "", int days = 7, OwnerKey? owner = null, string zone = Zone)
    {
        var server = new Server { PublicKey = Key.Public.ToWire() };
        server.Endpoints.Add(CoordinatorAddress.ToWire());
        return (owner ?? Owner).Invite(zone, role, name, Now.Wall.AddDays(days), [server], new HallEntropy($"invite {Order++}"));
    }

    /// <summary>Another core with what the former kept; the parties do not know.</summary>
    public void Restart() => Core = Make();

    public void Advance(TimeSpan by)
    {
        var until = Now.Boot + by;
        RunUntil(() => false, by);
        Set(until);
        Core.HandleTimeout(Now);
        Exchange();
    }

    public void RunUntil(Func<bool> done, TimeSpan most)
    {
        var until = Now.Boot + most;
        Exchange();
        while (!done())
        {
            var next = _parties.Select(p => Earliest(p.Tunnels.NextDeadline, p.Signals.NextDeadline)).Append(Core.NextDeadline).Min();
            if (next > until)
            {
                return;
            }

            Set(next > Now.Boot ? next : Now.Boot + TimeSpan.FromMilliseconds(1));
            Core.HandleTimeout(Now);
            foreach (var party in _parties)
            {
                party.Tunnels.HandleTimeout(Now);
                party.Signals.HandleTimeout(Now);
            }

            Exchange();
        }
    }

    /// <summary>A datagram to the coordinator from anywhere.</summary>
    public void Deliver(RealAddress from, ReadOnlySpan<byte> datagram)
    {
        _batch.Clear();
        var packet = _batch.Add();
        packet.Fill(datagram);
        packet.Path = new WirePath(0, from, 0);
        Core.ReceiveDatagrams(Now, _batch);
        Assert.Equal(Disposition.Drop, packet.Disposition);
    }

    private void Exchange()
    {
        for (var more = true; more;)
        {
            more = false;
            Settle();
            while (Core.Outbox.TryTakeDatagram(out var path, out var datagram))
            {
                more = true;
                if (_parties.Find(p => p.Address == path.Remote) is { } party)
                {
                    var packet = new Packet();
                    packet.Fill(datagram);
                    packet.Path = new WirePath(0, CoordinatorAddress, 0);
                    party.Receive(packet);
                }
            }

            foreach (var party in _parties)
            {
                while (party.Outbox.TryTakeDatagram(out _, out var datagram))
                {
                    more = true;
                    Deliver(party.Address, datagram);
                }
            }
        }
    }

    private void Settle()
    {
        while (Core.TryTakeEvent(out var happened))
        {
            switch (happened)
            {
                case CoordinatorEvent.Keep { Write: { Value: { } value } write }:
                    Written++;
                    Memory[(write.Collection, write.Key)] = value;
                    break;
                case CoordinatorEvent.Keep { Write: var write }:
                    Written++;
                    Memory.Remove((write.Collection, write.Key));
                    break;
                case CoordinatorEvent.RecordWanted wanted:
                    Wanted.Add(wanted.Zone);
                    if (Records.TryGetValue(wanted.Zone, out var found))
                    {
                        Core.RecordFound(Now, wanted.Zone, new(NtmRecordVerdict.Found, new(wanted.Zone, [found]), TimeSpan.FromMinutes(5), "It was found."));
                    }

                    break;
                case CoordinatorEvent.Notice notice:
                    Notices.Add(notice.Sentence);
                    break;
            }
        }
    }

    private CoordinatorCore Make() => new(
        new CoordinatorModel(Zone, Owner.Public, "dc"), Key, new HallEntropy("coordinator"),
        Memory.Select(m => new StoreWrite(m.Key.Collection, m.Key.Key, m.Value)).Reverse());

    private void Set(TimeSpan boot) => Now = new(boot, Now.Wall + (boot - Now.Boot));

    private static TimeSpan Earliest(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <summary>Seeded randomness: the same label, the same bytes.</summary>
internal sealed class HallEntropy(string label) : IEntropy
{
    private int _count;

    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length;)
        {
            var block = SHA256.HashData(Encoding.ASCII.GetBytes($"{label} {_count++}"));
            var part = Math.Min(block.Length, bytes.Length - i);
            block.AsSpan(0, part).CopyTo(bytes[i..]);
            i += part;
        }
    }
}
