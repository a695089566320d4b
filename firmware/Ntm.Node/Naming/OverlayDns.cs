using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Node.Naming;

/// <summary>What the overlay's DNS is authoritative for.</summary>
/// <param name="Zone">The zone's name.</param>
/// <param name="Prefix">The zone's /48, for PTR.</param>
/// <param name="AliasNetwork">First address of the alias range, host order, for PTR.</param>
/// <param name="AliasPrefixLength">8-30.</param>
public sealed record OverlayZone(string Zone, VirtualAddress Prefix, uint AliasNetwork, int AliasPrefixLength);

/// <summary>
/// The overlay's DNS (docs/protocol.md section 6) without its socket: decides what is answered at once, what the node core is asked, and what its
/// answer becomes. Names outside the zone are refused: this is no resolver.
/// </summary>
/// <param name="nameOf">The name of an alias or VIP; null where unknown (<see cref="NodeCore.NameOf"/>).</param>
public sealed class OverlayDns(Func<IPAddress, string?> nameOf, Counters counters)
{
    // Counted.
    public const string Ignored = "dns-ignored";
    public const string Malformed = "dns-malformed";
    public const string Unsupported = "dns-unsupported";
    public const string Outside = "dns-outside-zone";

    // Extended errors, RFC 8914 section 4.
    private const ushort NotReady = 14;
    private const ushort NotAuthoritative = 20;
    private const ushort NotSupported = 21;
    private const ushort NoReachableAuthority = 22;
    private const ushort NetworkError = 23;

    private const ushort ClassIn = 1;

    /// <summary>Null while this node is no member of a zone: then everything is refused.</summary>
    public OverlayZone? Zone { get; set; }

    /// <summary>Other owners' zones with which something is shared.</summary>
    public IReadOnlyList<OtherZone> Others { get; set; } = [];

    /// <summary>Whether AAAA is answered. Off where the LAN has no IPv6, so that nobody waits for an address he cannot reach.</summary>
    public bool AnswersIPv6 { get; set; } = true;

    /// <summary>A datagram from the LAN.</summary>
    /// <param name="wanted">Its <see cref="DnsQuestion.Name"/> is to be asked of the node core, then <see cref="Answer"/> called.</param>
    /// <returns>The answer; null where there is none yet (<paramref name="wanted"/>) or none at all.</returns>
    public byte[]? Hear(ReadOnlySpan<byte> datagram, out DnsQuestion? wanted)
    {
        wanted = null;
        var reading = DnsMessage.Read(datagram, out var question);
        switch (reading)
        {
            case DnsReading.Good:
                return Judge(question, out wanted);
            case DnsReading.Ignored:
                counters.Count(Ignored);
                return null;
            case DnsReading.FormatError:
                counters.Count(Malformed);
                return DnsMessage.Failure(question, DnsCode.FormatError);
            default:
                counters.Count(Unsupported);
                return DnsMessage.Failure(question, reading == DnsReading.BadVersion ? DnsCode.BadVersion : DnsCode.NotImplemented);
        }
    }

    /// <summary>What the node core's answer becomes.</summary>
    public byte[] Answer(DnsQuestion question, NameAnswer answer)
    {
        // The node may have left the zone meanwhile, or lost the share.
        if (Zone is not { } zone)
        {
            return Refuse(question);
        }

        if (!IsBelow(question.Name, zone.Zone))
        {
            if (ScopeOf(question.Name) is not { } scope)
            {
                return Refuse(question);
            }

            zone = zone with { Zone = scope };
        }

        return answer.Verdict switch
        {
            NameVerdict.Found => Found(question, zone, answer),
            NameVerdict.NoSuchName => DnsMessage.Negative(question, DnsCode.NameError, Labels(zone.Zone), zone.Zone),
            NameVerdict.Unreachable => DnsMessage.Failure(question, DnsCode.ServerFailure, NetworkError, answer.Reason),
            NameVerdict.NoCoordinator => DnsMessage.Failure(question, DnsCode.ServerFailure, NoReachableAuthority, answer.Reason),
            _ => Refuse(question),
        };
    }

    private static int Labels(string name) => name.AsSpan().Count('.') + 1;

    private static bool IsBelow(string name, string zone) =>
        name.Length > zone.Length + 1 && name.EndsWith(zone, StringComparison.Ordinal) && name[name.Length - zone.Length - 1] == '.';

    // Of another owner's zone only what is at or below a node that shares something is ours to answer: the rest of it is the public DNS's.
    private string? ScopeOf(string name) => Others.Select(o => o.Scope).FirstOrDefault(scope => scope is not null && (name == scope || IsBelow(name, scope)));

    private byte[]? Judge(DnsQuestion question, out DnsQuestion? wanted)
    {
        wanted = null;
        if (Zone is not { } zone)
        {
            counters.Count(Outside);
            return DnsMessage.Failure(question, DnsCode.Refused, NotReady, "This router is not a member of a zone yet: join one.");
        }

        if (question.Class is not (ClassIn or DnsType.Any))
        {
            counters.Count(Unsupported);
            return DnsMessage.Failure(question, DnsCode.Refused, NotSupported, "Only class IN is answered.");
        }

        if (question.Name == zone.Zone)
        {
            return question.Type is DnsType.Soa or DnsType.Any
                ? DnsMessage.StartOfAuthority(question, Labels(zone.Zone), zone.Zone)
                : DnsMessage.Negative(question, DnsCode.NoError, Labels(zone.Zone), zone.Zone);
        }

        if (IsBelow(question.Name, zone.Zone))
        {
            if (NtmName.TrySplit(question.Name, zone.Zone, out _, out _))
            {
                wanted = question;
                return null;
            }

            // No coordinator can know such a name (three labels, an underscore): it need not be asked.
            return DnsMessage.Negative(question, DnsCode.NameError, Labels(zone.Zone), zone.Zone);
        }

        if (ScopeOf(question.Name) is { } scope)
        {
            if (question.Name == scope || NtmName.TrySplit(question.Name, scope, out _, out var below) && below is null)
            {
                wanted = question;
                return null;
            }

            return DnsMessage.Negative(question, DnsCode.NameError, Labels(scope), scope);
        }

        return ReverseName.TryParse(question.Name, out var address) ? Reverse(question, zone, address!) : Refuse(question);
    }

    private byte[] Found(DnsQuestion question, OverlayZone zone, NameAnswer answer)
    {
        Span<byte> bytes = stackalloc byte[16];
        switch (question.Type)
        {
            case DnsType.A or DnsType.Any when answer.Alias == 0:
                return DnsMessage.Failure(question, DnsCode.ServerFailure, 0, answer.Reason);

            case DnsType.A or DnsType.Any: // RFC 8482: one record will do for ANY.
                BinaryPrimitives.WriteUInt32BigEndian(bytes, answer.Alias);
                return DnsMessage.Answer(question, DnsType.A, bytes[..4], answer.TtlSeconds);

            case DnsType.Aaaa when AnswersIPv6:
                answer.Vip.Write(bytes);
                return DnsMessage.Answer(question, DnsType.Aaaa, bytes, answer.TtlSeconds);

            default:
                return DnsMessage.Negative(question, DnsCode.NoError, Labels(zone.Zone), zone.Zone);
        }
    }

    private byte[] Reverse(DnsQuestion question, OverlayZone zone, IPAddress address)
    {
        int zoneLabels;
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            if ((ReverseName.HostOrder(address) ^ zone.AliasNetwork) >> (32 - zone.AliasPrefixLength) != 0)
            {
                return Refuse(question);
            }

            // Whole octets, rounded up so that the SOA claims nothing that is not ours.
            zoneLabels = ((zone.AliasPrefixLength + 7) / 8) + 2;
        }
        else
        {
            if (!VirtualAddress.From(address).SameZone(zone.Prefix) && !Others.Any(o => VirtualAddress.From(address).SameZone(o.Prefix)))
            {
                return Refuse(question);
            }

            zoneLabels = 12 + 2;
        }

        var name = nameOf(address);
        if (name is null)
        {
            return DnsMessage.Negative(question, DnsCode.NameError, zoneLabels, zone.Zone);
        }

        if (question.Type is not (DnsType.Ptr or DnsType.Any))
        {
            return DnsMessage.Negative(question, DnsCode.NoError, zoneLabels, zone.Zone);
        }

        return DnsMessage.TryEncodeName(name, out var wire)
            ? DnsMessage.Answer(question, DnsType.Ptr, wire, Limits.NameTtlSeconds)
            : DnsMessage.Failure(question, DnsCode.ServerFailure);
    }

    private byte[] Refuse(DnsQuestion question)
    {
        counters.Count(Outside);
        return DnsMessage.Failure(question, DnsCode.Refused, NotAuthoritative, "Not a name of this zone.");
    }
}
