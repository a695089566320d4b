using Ntm.Protocol;

namespace Ntm.Coordinator;

/// <summary>How much a coordinator remembers. Not on the wire; chosen so that all of it together stays below some 30 MB.</summary>
internal static class Bounds
{
    /// <summary>Nodes and relays of the zone.</summary>
    public const int Members = 4096;

    /// <summary>Invites that were used, for good: about 100 bytes each.</summary>
    public const int UsedInvites = 65_536;

    public const int Relays = 64;
    public const int RelayEndpoints = 4;

    /// <summary>Leases of one relay: 64 x 256 channels, 8,192 pairs.</summary>
    public const int LeasesPerRelay = 64;

    /// <summary>How long after a restart a relay of before is taken to be there without a word of it.</summary>
    public static readonly TimeSpan RelaysBelieved = TimeSpan.FromSeconds(10);

    /// <summary>Zones of others remembered, and what waits for the NTM record of one.</summary>
    public const int OtherZones = 256;

    public const int WaitingPerZone = 64;

    /// <summary>Pairs of a node of ours and one of another zone that met.</summary>
    public const int Acquaintances = 8192;

    /// <summary>Removals on their way to other zones and from them to our nodes, how long each is tried, and the longest pause between two tries.</summary>
    public const int Errands = 1024;

    public static readonly TimeSpan ErrandLasts = TimeSpan.FromDays(7);
    public static readonly TimeSpan ErrandPause = TimeSpan.FromMinutes(10);

    /// <summary>Of them, those that strangers alone have named, and their look-ups at once: half of what the resolver is asked at once.</summary>
    public const int StrangersZones = 64;

    public const int StrangersLookUps = Limits.NtmRecordLookups / 2;

    /// <summary>How long a record that was found counts while the DNS does not answer.</summary>
    public static readonly TimeSpan RecordOutlives = TimeSpan.FromDays(1);

    /// <summary>Directions that a member may ask for, a second and at once: more than 256 names a gateway does not ask for at once.</summary>
    public const int DirectionsPerSecond = 50;

    public const int DirectionBurst = 256;

    /// <summary>
    /// Directions that another zone may ask for, a second and at once: each costs a node of ours three signatures to verify. All zones of which no node of ours has
    /// taken one yet have this together, since anyone can have zones without end.
    /// </summary>
    public const int ZoneRequestsPerSecond = 20;

    public const int ZoneRequestBurst = 50;

    /// <summary>Zones whose nodes met ours so lately are kept at hand: their records known, their coordinators' tunnels up.</summary>
    public static readonly TimeSpan ZoneWarmFor = TimeSpan.FromHours(1);

    /// <summary>By a keep-alive so often: of two, one always finds a key that is due for another and still seals.</summary>
    public static readonly TimeSpan ZoneKeepAlive = Limits.KeepAliveMost / 2;

    public const int LookUpsEachSweep = Limits.NtmRecordLookups / 2;

    /// <summary>A record is not looked up again sooner, whoever claims to be in it.</summary>
    public static readonly TimeSpan LookUpSpacing = TimeSpan.FromSeconds(10);

    /// <summary>A relay that refuses pairings is asked for another lease no sooner.</summary>
    public static readonly TimeSpan LeaseHealing = TimeSpan.FromSeconds(1);

    /// <summary>How often registrations, announcements and guests are looked through.</summary>
    public static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    /// <summary>A node that is seen at another address is told so no sooner again.</summary>
    public static readonly TimeSpan MovedSpacing = TimeSpan.FromSeconds(1);

    /// <summary>Members told of removals in each sweep, and how long one that did not acknowledge is left alone.</summary>
    public const int ToldEachSweep = 256;

    public static readonly TimeSpan ToldAgain = TimeSpan.FromSeconds(10);

    /// <summary>A pair's channels with less left of their lease than this are not handed out again.</summary>
    public static readonly TimeSpan LeaseLeft = TimeSpan.FromMinutes(10);

    /// <summary>Free channels with less left of their lease than this do not count as ahead.</summary>
    public static readonly TimeSpan LeaseAhead = TimeSpan.FromHours(12);
}
