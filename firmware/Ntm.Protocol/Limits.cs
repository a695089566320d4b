namespace Ntm.Protocol;

/// <summary>Every protocol number, with its unit in the type or name, and its source.</summary>
public static class Limits
{
    // ---- tunnel: WireGuard whitepaper section 6.1 unless said otherwise

    /// <summary>Messages under one key after which a new handshake is begun.</summary>
    public const ulong RekeyAfterMessages = 1UL << 60;

    /// <summary>Messages under one key after which it is refused: 2^64 - 2^13 - 1.</summary>
    public const ulong RejectAfterMessages = ulong.MaxValue - (1UL << 13);

    /// <summary>The same for AES-GCM, whose blocks must not come near 2^64 under one key: half of <see cref="RejectAfterMessagesAes"/>.</summary>
    public const ulong RekeyAfterMessagesAes = 1UL << 27;

    /// <summary>RFC 9001 appendix B.1: 2^28 packets of at most 2^11 bytes keep an attacker's advantage below 2^-57. At a million packets a second 268 s; a
    /// key ends after <see cref="RejectAfterTime"/> in any case.</summary>
    public const ulong RejectAfterMessagesAes = 1UL << 28;

    public static readonly TimeSpan RekeyAfterTime = TimeSpan.FromSeconds(120);
    public static readonly TimeSpan RejectAfterTime = TimeSpan.FromSeconds(180);

    /// <summary>How long an initiation is repeated before the tunnel gives up.</summary>
    public static readonly TimeSpan RekeyAttemptTime = TimeSpan.FromSeconds(90);

    /// <summary>An initiation is made afresh after this.</summary>
    public static readonly TimeSpan RekeyTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Random lateness of a stock retry, at most.</summary>
    public static readonly TimeSpan RekeyTimeoutJitter = TimeSpan.FromMilliseconds(333);

    public static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How old a cookie secret or a received cookie may get.</summary>
    public static readonly TimeSpan CookieLifetime = TimeSpan.FromSeconds(120);

    /// <summary>Least time between two accepted initiations of one peer (wireguard-go: HandshakeInitationRate 20 ms).</summary>
    public static readonly TimeSpan InitiationSpacing = TimeSpan.FromMilliseconds(20);

    /// <summary>When the same initiation is sent again, each counted from the copy before (docs/protocol.md section 1).</summary>
    public static readonly TimeSpan[] InitiationRepeats =
        [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    public const int StagedPacketsPerPeer = 128;
    public const int StagedBytesInAll = 4 << 20;
    public const int ReplayWindowNode = 8192;
    public const int ReplayWindowCoordinator = 128;

    /// <summary>Sealed datagrams kept to be sent again after a handover (docs/protocol.md section 5, "Handover").</summary>
    public const int RingBytes = 4 << 20;
    public const int RingBytesInAll = 32 << 20;

    /// <summary>Ranges of counters that a report calls missing.</summary>
    public const int ReportRanges = 32;

    /// <summary>20 Mb/s: what is sent again goes at least as fast.</summary>
    public const int ResendBytesPerMillisecond = 2500;

    public static readonly TimeSpan RingTime = TimeSpan.FromSeconds(1);

    /// <summary>From the first datagram of data that no report has spoken of.</summary>
    public static readonly TimeSpan ReportAfter = TimeSpan.FromMilliseconds(50);

    /// <summary>Beyond a round trip: the report's wait, the pump's and the peer's.</summary>
    public static readonly TimeSpan ReportPatience = TimeSpan.FromMilliseconds(150);

    /// <summary>A planned change of path goes on both for so long.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromMilliseconds(250);

    /// <summary>A path of a better rank has worked for so long before it is taken.</summary>
    public static readonly TimeSpan FailBackAfter = TimeSpan.FromSeconds(2);

    /// <summary>Handshakes a second from all sources together beyond which mac2 is asked for.</summary>
    public const int HandshakesPerSecondBeforeLoad = 200;

    /// <summary>Handshakes a second one source may have answered while under load, and the burst (wireguard ratelimiter: 20, 5).</summary>
    public const int HandshakesPerSecondPerSource = 20;

    public const int HandshakeBurstPerSource = 5;

    /// <summary>Sources a rate limiter remembers.</summary>
    public const int RateLimitedSources = 4096;

    /// <summary>How far the stored timestamp mark is ahead of use; one block.</summary>
    public static readonly TimeSpan TimestampBlock = TimeSpan.FromHours(1);

    /// <summary>Between two tunnels that a restarted coordinator or relay begins again, where that is soon enough for <see cref="ReunionWithin"/>.</summary>
    public static readonly TimeSpan ReunionSpacing = TimeSpan.FromMilliseconds(20);

    /// <summary>By when it has begun all of them.</summary>
    public static readonly TimeSpan ReunionWithin = TimeSpan.FromSeconds(30);

    /// <summary>Least time between two writes of members' or nodes' changed addresses to the store of a coordinator or relay.</summary>
    public static readonly TimeSpan AddressWriteSpacing = TimeSpan.FromSeconds(10);

    /// <summary>The same where one has its first address.</summary>
    public static readonly TimeSpan FirstAddressWriteSpacing = TimeSpan.FromSeconds(1);

    // ---- addresses

    public const int MtuInside = 1420;

    /// <summary>IPv6's less 20 bytes of the larger header and 8 of a fragment header, so that a fragment made for it fits in one packet.</summary>
    public const int MtuInsideIPv4 = 1392;

    /// <summary>IPv6 minimum link MTU, RFC 8200.</summary>
    public const int MtuMinimum = 1280;

    /// <summary>What every path is taken to carry until more is known of it, bytes of an inner packet: IPv6's least MTU less 40 of IPv6, 8 of UDP and 32 of the
    /// tunnel (RFC 8899's BASE_PLPMTU).</summary>
    public const int MtuAssumed = 1200;

    /// <summary>The least that is probed for: <see cref="MtuMinimum"/> in two halves, with some room.</summary>
    public const int MtuPathLeast = 656;

    /// <summary>What is probed for first, the largest first: links of 1500 bytes; of 1492 over IPv6; of 1420 over IPv4 and IPv6; an IPv6 packet of the least
    /// MTU; and what lies below.</summary>
    public static readonly int[] MtuProbeSizes = [MtuInside, 1412, 1360, 1340, MtuMinimum, MtuAssumed, 960, MtuPathLeast];

    /// <summary>How closely the MTU of a path is found, bytes.</summary>
    public const int MtuPrecision = 8;

    /// <summary>Rounds of probes in which a size was not answered and a smaller one was, before it counts as not carried (RFC 8899's MAX_PROBES).</summary>
    public const int MtuProbeRounds = 3;

    /// <summary>For the answers to a round of probes, at least; twice the round trip where that is more, up to <see cref="MtuProbeWaitMost"/>.</summary>
    public static readonly TimeSpan MtuProbeWait = TimeSpan.FromMilliseconds(250);

    public static readonly TimeSpan MtuProbeWaitMost = TimeSpan.FromSeconds(4);

    /// <summary>While long packets are sent: how often it is asked whether they still pass (RFC 8899's CONFIRMATION_TIMER).</summary>
    public static readonly TimeSpan MtuConfirm = TimeSpan.FromSeconds(5);

    /// <summary>Whether more passes than was found is tried again after this (RFC 8899's PMTU_RAISE_TIMER).</summary>
    public static readonly TimeSpan MtuRaise = TimeSpan.FromMinutes(10);

    /// <summary>First or second halves that wait for the other one: of one tunnel, more than a batch brings (the second ones follow all the first); and of all.</summary>
    public const int HalvesPerTunnel = 256;
    public const int HalvesInAll = 1024;

    /// <summary>How long.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromSeconds(1);

    /// <summary>198.18.0.0, RFC 2544.</summary>
    public const uint AliasNetwork = 0xC612_0000;

    public const int AliasPrefixLength = 15;

    public static readonly TimeSpan AliasIdleBeforeReuse = TimeSpan.FromDays(30);

    public const int DeviceNumberLast = 0x7FFF;

    // ---- signalling, docs/protocol.md section 4

    /// <summary>A coordinator that has not answered for so long is passed over: the next is asked as well.</summary>
    public static readonly TimeSpan AnotherCoordinatorAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>UDP port inside the tunnel, between number-0 VIPs. Also the default UDP port of coordinators and relays outside.</summary>
    public const ushort SignallingPort = 4916;

    public const int SignalBytes = 1232;

    public static readonly TimeSpan[] SignalRepeats =
        [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)];

    public static readonly TimeSpan SignalFailure = TimeSpan.FromSeconds(8);
    public const int AnswersRemembered = 64;
    public static readonly TimeSpan AnswerMemory = TimeSpan.FromSeconds(10);

    /// <summary>Requests one peer may have under way with us.</summary>
    public const int SignalsOutstandingPerPeer = 256;

    public const int ProvisionalTunnels = 64;
    public const int ProvisionalRequests = 64;
    public static readonly TimeSpan ProvisionalLifetime = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan RegistrationLifetime = TimeSpan.FromSeconds(60);

    /// <summary>What a node that tells its keep-alive interval is told as lifetime: it registers again at a third of it, and its keep-alives do the rest.</summary>
    public static readonly TimeSpan RegistrationRenewal = TimeSpan.FromHours(1);

    /// <summary>A tunnel with a coordinator or relay is never silent longer, until it is known how long the uplink's NAT remembers: short enough for one that forgets after 20 s.</summary>
    public static readonly TimeSpan KeepAliveFirst = TimeSpan.FromSeconds(15);

    /// <summary>Nor is it kept up more often than this, whatever a server lets us believe.</summary>
    public static readonly TimeSpan KeepAliveLeast = TimeSpan.FromSeconds(8);

    /// <summary>Nor longer than this, whatever the NAT: each then finds a key that still seals, also where the tunnel's own keep-alive came after the key, and renews it.</summary>
    public static readonly TimeSpan KeepAliveMost = RejectAfterTime - KeepAliveTimeout - RekeyTimeout;

    /// <summary>A server of which nothing came for so long, though a new key was due, is asked.</summary>
    public static readonly TimeSpan ServerSilence = RejectAfterTime + RekeyTimeout;

    /// <summary>A coordinator's proof that a node was reached at an address is good in the period it was given in and the next.</summary>
    public static readonly TimeSpan SightProofPeriod = TimeSpan.FromMinutes(5);

    /// <summary>Of a node's shares, that it tells its coordinators in one message.</summary>
    public const int Doors = 64;

    public const int PublishedDevices = 64;

    /// <summary>Removals in one notice that are looked at; more do not fit, either.</summary>
    public const int RemovalsPerNotice = 8;

    /// <summary>Removals a coordinator, relay or node remembers.</summary>
    public const int Removals = 4096;
    public const int RelaysPerNode = 2;

    // ---- paths, docs/protocol.md section 5

    public const int Candidates = 16;
    public const int UnprovenDatagrams = 10;
    public const int UnprovenBytes = 1500;
    public static readonly TimeSpan UnprovenPeriod = TimeSpan.FromSeconds(10);

    /// <summary>For one peer to all its addresses together: <see cref="Candidates"/> times <see cref="UnprovenDatagrams"/>.</summary>
    public const int UnprovenDatagramsPerPeer = 160;

    /// <summary>For all nodes of another owner together: who has one owner key makes as many nodes as it likes.</summary>
    public const int UnprovenDatagramsPerOwner = 320;

    /// <summary>A peer's word on its candidates is worked out at most so often; the latest counts.</summary>
    public static readonly TimeSpan CandidateUpdateSpacing = TimeSpan.FromSeconds(1);

    /// <summary>What may be sent to an unproven address for each byte that came from it (RFC 9000 section 8.1).</summary>
    public const int Amplification = 3;

    public static readonly TimeSpan CheckSpacing = TimeSpan.FromMilliseconds(250);
    public const int CheckRounds = 5;

    /// <summary>Between two checks of one path where one of the peer's has come by it: RFC 8445's Ta, the pace of all its checks.</summary>
    public static readonly TimeSpan CheckInReturnSpacing = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs, and single datagrams between them, that find out whether an uplink carries runs.</summary>
    public const int RunCheckRounds = 6;

    /// <summary>Datagrams of such a run.</summary>
    public const int RunCheckLength = 4;

    /// <summary>Bytes of padding of each, so that it has about the length of bulk data and yet passes every IPv6 link.</summary>
    public const int RunCheckPadding = 1000;

    /// <summary>Bytes of padding that a reply has at most because the check wants it.</summary>
    public const int ReplyPadding = 64;

    /// <summary>NAT traits in one message: one for each uplink.</summary>
    public const int NatTraits = 4;

    /// <summary>Seconds by which a server sends a reply later, at most.</summary>
    public const int LateReplySeconds = 600;

    /// <summary>Late replies that a server owes, to one node and in all.</summary>
    public const int LateRepliesPerNode = 4;
    public const int LateReplies = 4096;

    /// <summary>Checks of one node that a server answers, a second and at once.</summary>
    public const int ServerChecksPerSecond = 5;
    public const int ServerChecksAtOnce = 30;

    public static readonly TimeSpan CheckAgain = TimeSpan.FromSeconds(30);
    /// <summary>A direct path that carried data within this time is kept open in its NATs.</summary>
    public static readonly TimeSpan WarmFor = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan CheckUsed = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan SilenceBeforeCheck = TimeSpan.FromSeconds(1);
    public const int ChecksBeforeSuspect = 3;
    public static readonly TimeSpan SuspectBeforeLost = TimeSpan.FromMilliseconds(750);

    // ---- ports that the box in front opens, docs/protocol.md section 5

    /// <summary>UDP port of PCP and NAT-PMP servers (RFC 6886 section 3, RFC 6887 section 19.2).</summary>
    public const ushort MappingPort = 5351;

    /// <summary>UDP port on which boxes announce that they restarted (RFC 6886 section 3.2.1, RFC 6887 section 14.1).</summary>
    public const ushort MappingAnnouncementPort = 5350;

    /// <summary>Copies of a request, each after the one before, and how long the last is waited for (RFC 6886 section 3.1 begins so).</summary>
    public static readonly TimeSpan[] MappingRepeats = [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1)];

    /// <summary>For how long a port is asked for; renewed at half of it.</summary>
    public static readonly TimeSpan MappingLifetime = TimeSpan.FromHours(1);

    /// <summary>A longer one is not believed (RFC 6887 section 15).</summary>
    public static readonly TimeSpan MappingLifetimeMost = TimeSpan.FromDays(1);

    /// <summary>Least time between two tries.</summary>
    public static readonly TimeSpan MappingSpacing = TimeSpan.FromSeconds(10);

    /// <summary>After a round in which no protocol worked; doubled each time.</summary>
    public static readonly TimeSpan MappingRetry = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan MappingRetryMost = TimeSpan.FromHours(4);

    /// <summary>How long a UPnP box is searched for.</summary>
    public static readonly TimeSpan MappingSearch = TimeSpan.FromSeconds(3);

    /// <summary>How long one HTTP request to it may take.</summary>
    public static readonly TimeSpan MappingExchange = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of its answer.</summary>
    public const int MappingBodyBytes = 65_536;
    // ---- hard NATs, docs/protocol.md section 5

    /// <summary>Further sockets of an uplink that a trial opens at most: each is a mapping in its NAT.</summary>
    public const int ProbeSockets = 64;

    /// <summary>The same where the uplink's own address is a carrier's (RFC 6598): its NAT gives a subscriber few ports.</summary>
    public const int ProbeSocketsAtCarrier = 32;

    /// <summary>A trial makes mappings for one in so many ports of a known set at most.</summary>
    public const int PortSetShare = 8;

    /// <summary>Mappings of a trial that are many; and how much later than such a trial the next one begins, whoever asks for it.</summary>
    public const int ProbeMappingsMany = 16;
    public static readonly TimeSpan ProbeMappingsSpacing = TimeSpan.FromMinutes(2);

    /// <summary>Probes to one host, and because of one peer, in <see cref="ProbePeriod"/>.</summary>
    public const int ProbeDatagrams = 1024;

    /// <summary>Probes to all hosts in that time.</summary>
    public const int ProbeDatagramsInAll = 4096;

    public static readonly TimeSpan ProbePeriod = TimeSpan.FromMinutes(10);

    /// <summary>Between two probes to guessed ports.</summary>
    public static readonly TimeSpan ProbeSpacing = TimeSpan.FromMilliseconds(10);

    /// <summary>Who searches begins so much later, so that the mappings are there.</summary>
    public static readonly TimeSpan ProbeLead = TimeSpan.FromMilliseconds(250);

    /// <summary>A trial is over so long after its last probe.</summary>
    public static readonly TimeSpan ProbeAnswers = TimeSpan.FromSeconds(2);

    /// <summary>Ports that a node foretells of itself in one message.</summary>
    public const int PredictedPorts = 80;

    /// <summary>Of those, the ones that it really sends from.</summary>
    public const int ProbeWindow = 64;

    /// <summary>Before a pair's second trial; and before the third, then twice as long each time, up to <see cref="ProbeAgainMost"/>.</summary>
    public static readonly TimeSpan ProbeAgainFirst = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan ProbeAgain = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan ProbeAgainMost = TimeSpan.FromMinutes(160);

    // ---- relay

    public const uint ChannelLast = 0xFF_FFFF;
    public const int ChannelsPerLease = 256;
    public static readonly TimeSpan ChannelLease = TimeSpan.FromHours(48);
    public const int WaitingDatagramsPerLeg = 4;
    public static readonly TimeSpan WaitingTime = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan ProvisionalLegLifetime = TimeSpan.FromSeconds(5);

    // ---- names

    public static readonly TimeSpan NameAnswerDeadline = TimeSpan.FromMilliseconds(1500);
    public const uint NameTtlSeconds = 30;

    // ---- admission (RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2)

    public const int Flows = 65_536;

    /// <summary>Flows of further addresses of a device that have another port outside; and ports tried for one.</summary>
    public const int PortMappings = 1024;
    public const int PortsTried = 64;

    public static readonly TimeSpan FlowTcpIdle = TimeSpan.FromMinutes(124);
    public static readonly TimeSpan FlowTcpTransitoryIdle = TimeSpan.FromMinutes(4);

    /// <summary>How long after a restart TCP connections are picked up again by the remote's packets: as long as a sender waits with its next try (RFC 6298).</summary>
    public static readonly TimeSpan FlowsResumedFor = TimeSpan.FromMinutes(2);

    /// <summary>Where something published or shared was taken back or narrowed within this time before a restart, no connection is picked up: it may be one that was cut.</summary>
    public static readonly TimeSpan LessenedAccessRemembered = TimeSpan.FromDays(1);
    public static readonly TimeSpan FlowUdpIdle = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan FlowIcmpIdle = TimeSpan.FromSeconds(60);

    // ---- translation (RFC 7915)

    /// <summary>Packets under way in fragments, in each direction.</summary>
    public const int FragmentedPackets = 256;

    /// <summary>How long later fragments may follow the first (RFC 6146 section 4, FRAGMENT_MIN).</summary>
    public static readonly TimeSpan FragmentLife = TimeSpan.FromSeconds(2);

    /// <summary>Hop-by-hop options, destination options and routing headers of one packet that are skipped, in all.</summary>
    public const int ExtensionHeaderBytes = 256;

    /// <summary>ICMP errors of our own, in each direction (RFC 4443 section 2.4 f).</summary>
    public const int IcmpErrorsPerSecond = 10;
    public const int IcmpErrorsAtOnce = 10;

    // ---- device proxy (ours, not on the wire)

    /// <summary>LAN devices a router remembers.</summary>
    public const int Devices = 1024;

    /// <summary>MAC addresses that may be merged into one device.</summary>
    public const int MacsPerDevice = 16;

    /// <summary>A DHCP lease does not take an address from a device that was seen within this time.</summary>
    public static readonly TimeSpan DeviceSeenLately = TimeSpan.FromMinutes(1);

    /// <summary>Addresses remembered of one device, of each family.</summary>
    public const int AddressesPerDevice = 16;

    /// <summary>A device that has a number gives way to a new one only when it was not seen for this long.</summary>
    public static readonly TimeSpan DeviceUnseenBeforeGivingWay = TimeSpan.FromDays(1);

    /// <summary>Least time between two writes of one device's address to the store.</summary>
    public static readonly TimeSpan DeviceAddressWriteSpacing = TimeSpan.FromMinutes(10);

    public const int Aliases = 16_384;

    /// <summary>Aliases the VIPs of one remote node may hold, so that no node can use up the range.</summary>
    public const int AliasesPerNode = 1024;

    /// <summary>How long a resolver may remember that there is no such name or type (SOA minimum, RFC 2308).</summary>
    public const uint NegativeTtlSeconds = 5;

    /// <summary>UDP answers of the overlay's DNS are never larger, whatever the asker says (DNS flag day 2020).</summary>
    public const int DnsUdpBytes = 1232;

    // ---- public DNS of a zone (ours; response rate limiting as BIND, NSD and Knot have it)

    /// <summary>Answers a second by UDP to one /24 or /56, and at once.</summary>
    public const int DnsAnswersPerSecond = 20;
    public const int DnsAnswersAtOnce = 60;

    /// <summary>Of the questions beyond that, one in so many is answered "ask by TCP".</summary>
    public const int DnsSlip = 2;

    /// <summary>Sources whose rate is remembered.</summary>
    public const int DnsSources = 4096;

    /// <summary>How long an NTM record is remembered, at least and at most, whatever its TTL; and that there is none.</summary>
    public static readonly TimeSpan NtmRecordLeast = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan NtmRecordMost = TimeSpan.FromHours(1);
    public static readonly TimeSpan NtmRecordFailure = TimeSpan.FromSeconds(30);

    /// <summary>NTM records asked for at once, further ones that wait for their turn, and answers remembered.</summary>
    public const int NtmRecordLookups = 8;
    public const int NtmRecordsWaiting = 64;
    public const int NtmRecordsRemembered = 1024;

    // ---- buffers (ours, not on the wire)

    /// <summary>Room for 16 bytes of transport header, 28 of IPv4-to-IPv6 growth, 12 of virtio-net header, and alignment.</summary>
    public const int PacketHeadroom = 64;

    /// <summary>Headroom, a 1,500-byte frame, padding and tag, rounded up.</summary>
    public const int PacketCapacity = 2048;

    /// <summary>Four super-packets: 48 packets each, of which 44 go in one run; together they fill five runs, where one by one they take eight.</summary>
    public const int BatchSlots = 192;

    /// <summary>The same for a relay, which has little to do with each: of channels that come in turn, longer runs go on.</summary>
    public const int RelayBatchSlots = 256;

    public const int OutboxDatagrams = 4096;
}
