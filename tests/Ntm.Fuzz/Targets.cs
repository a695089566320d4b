using Ntm.Fuzz.Cores;
using Ntm.Fuzz.Parsers;
using Ntm.Fuzz.Tables;
using Ntm.Fuzz.Wire;

namespace Ntm.Fuzz;

/// <summary>All targets, each new: they have state.</summary>
public static class Targets
{
    public static IEnumerable<Target> All() =>
    [
        new TextTarget(), new NameTarget(), new DnsTarget(), new DnsResponseTarget(), new NtmRecordTarget(), new AuthorityTarget(), new NetlinkTarget(), new LeaseTarget(), new BoxDatagramTarget(), new BoxDocumentTarget(), new SignalTarget(), new ConfigTarget(), new InviteTarget(), new ShareCodeTarget(), new BindingTarget(), new RemovalTarget(),
        new StoredDevicesTarget(), new StoredNodeTarget(), new StoredRelayTarget(), new StoredCoordinatorTarget(),
        new TunnelTarget(), new HandshakeTarget(), new ChannelTarget(), new ProxyTarget(outbound: true), new ProxyTarget(outbound: false), new RelayDatagramsTarget(), new SuperPacketTarget(), new PacketCipherTarget(), new OffloadedPathTarget(),
        new CoordinatorTarget(), new RelayTarget(), new NodeTarget(),
    ];

    public static Target Find(string name) => All().Single(t => t.Name == name);
}
