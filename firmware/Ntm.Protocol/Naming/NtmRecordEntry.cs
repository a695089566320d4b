using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Ntm.Protocol.Naming;

/// <summary>
/// One SVCB record (RFC 9460, type 64) of an NTM record: a coordinator, or its endpoints of one port where it has several.
/// <code>
/// RDATA, big-endian
/// | SvcPriority 16 | TargetName, uncompressed | (SvcParamKey 16 | length 16 | value)*, keys in strictly increasing order
///
/// key 0      mandatory   2 n bytes   the keys that must be understood: port and key65280, increasing
/// key 3      port        2 bytes     UDP, not 0
/// key 4      ipv4hint    4 n bytes
/// key 6      ipv6hint    16 n bytes
/// key 65280  the coordinator's X25519 public key, base64: 44 characters, so that it can be read in zone files
/// </code>
/// </summary>
/// <param name="Priority">1 and up: the lowest is asked first.</param>
/// <param name="Target">A canonical host name below the zone, whose addresses count where there are no hints; empty: the record's own name.</param>
/// <param name="Port">UDP, not 0.</param>
/// <param name="Hints">With <paramref name="Port"/>; at most <see cref="NtmRecord.EndpointsMost"/>.</param>
public sealed record NtmRecordEntry(ushort Priority, string Target, ushort Port, PublicKey Key, IReadOnlyList<RealAddress> Hints)
{
    /// <summary>In the range for private use (RFC 9460 section 14.3.1).</summary>
    public const ushort PublicKeyParameter = 65280;

    // Counted.
    public const string Truncated = "ntm-record-truncated";
    public const string BadOrder = "ntm-record-keys-out-of-order";
    public const string BadTarget = "ntm-record-bad-target";
    public const string BadMandatory = "ntm-record-bad-mandatory";
    public const string BadPort = "ntm-record-bad-port";
    public const string BadHint = "ntm-record-bad-hint";
    public const string BadKey = "ntm-record-bad-key";
    public const string NotUnderstood = "ntm-record-not-understood";
    public const string Alias = "ntm-record-alias";

    private const int KeyCharacters = 44;
    private const ushort Mandatory = 0;
    private const ushort PortParameter = 3;
    private const ushort IPv4Hint = 4;
    private const ushort IPv6Hint = 6;

    /// <summary>The entries that tell of a coordinator: one for each of its ports.</summary>
    /// <param name="target">Canonical host name below the zone, or empty.</param>
    public static IEnumerable<NtmRecordEntry> Of(NtmRecordCoordinator coordinator, string target) =>
        coordinator.Endpoints.GroupBy(e => e.Port).Select(g => new NtmRecordEntry(coordinator.Priority, target, g.Key, coordinator.Key, [.. g]));

    /// <summary>RDATA.</summary>
    /// <exception cref="ArgumentException">It is no entry: what is configured is checked before.</exception>
    public byte[] Encode()
    {
        if (Priority == 0 || Port == 0 || Hints.Count > NtmRecord.EndpointsMost || !DnsMessage.TryEncodeName(Target, out var target))
        {
            throw new ArgumentException($"Priority {Priority}, target '{Target}', port {Port} and {Hints.Count} hints cannot be an entry.");
        }

        var writer = new DnsWriter();
        writer.Word(Priority);
        writer.Bytes(target);
        Parameter(writer, Mandatory, [0, (byte)PortParameter, PublicKeyParameter >> 8, PublicKeyParameter & 0xFF]);
        Parameter(writer, PortParameter, [(byte)(Port >> 8), (byte)Port]);
        Parameter(writer, IPv4Hint, [.. Hints.Where(h => h.IsIPv4).SelectMany(h => h.AddressBytes())]);
        Parameter(writer, IPv6Hint, [.. Hints.Where(h => !h.IsIPv4).SelectMany(h => h.AddressBytes())]);
        Parameter(writer, PublicKeyParameter, Encoding.ASCII.GetBytes(Key.ToString()));
        return writer.ToArray();
    }

    /// <summary>Reads RDATA from untrusted bytes; never throws.</summary>
    /// <param name="zone">Canonical: whose record it is.</param>
    /// <returns>Null where it is one; else the reason, kebab-case. After <see cref="NotUnderstood"/> and <see cref="Alias"/> the others still count.</returns>
    public static string? Decode(ReadOnlySpan<byte> data, string zone, out NtmRecordEntry? entry)
    {
        entry = null;
        if (data.Length < 3)
        {
            return Truncated;
        }

        var priority = BinaryPrimitives.ReadUInt16BigEndian(data);
        var rest = data[2..];
        if (!TryReadTarget(ref rest, out var target))
        {
            return BadTarget;
        }

        ReadOnlySpan<byte> mandatory = default, key = default, hints4 = default, hints6 = default;
        var (port, last, isThere) = ((ushort)0, -1, new HashSet<ushort>());
        while (!rest.IsEmpty)
        {
            if (rest.Length < 4 || rest.Length < 4 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]))
            {
                return Truncated;
            }

            var parameter = BinaryPrimitives.ReadUInt16BigEndian(rest);
            var value = rest.Slice(4, BinaryPrimitives.ReadUInt16BigEndian(rest[2..]));
            rest = rest[(4 + value.Length)..];
            if (parameter <= last)
            {
                return BadOrder;
            }

            last = parameter;
            isThere.Add(parameter);
            switch (parameter)
            {
                case Mandatory when value.Length == 0 || value.Length % 2 != 0:
                    return BadMandatory;
                case Mandatory:
                    mandatory = value;
                    break;
                case PortParameter when value.Length != 2 || (port = BinaryPrimitives.ReadUInt16BigEndian(value)) == 0:
                    return BadPort;
                case IPv4Hint when value.Length == 0 || value.Length % 4 != 0:
                case IPv6Hint when value.Length == 0 || value.Length % 16 != 0:
                    return BadHint;
                case IPv4Hint:
                    hints4 = value;
                    break;
                case IPv6Hint:
                    hints6 = value;
                    break;
                case PublicKeyParameter when value.Length != KeyCharacters:
                    return BadKey;
                case PublicKeyParameter:
                    key = value;
                    break;
            }
        }

        // An alias has no parameters that count (RFC 9460 section 2.4.2); it is not followed.
        if (priority == 0)
        {
            return Alias;
        }

        if (JudgeMandatory(mandatory, isThere) is { } wrong)
        {
            return wrong;
        }

        if (target.Length > 0 && !IsBelow(target, zone))
        {
            return BadTarget;
        }

        return port == 0 ? BadPort
            : !TryReadKey(key, out var publicKey) ? BadKey
            : !TryReadHints(hints4, hints6, port, out var hints) ? BadHint
            : Good(new(priority, target, port, publicKey, hints), out entry);
    }

    /// <summary>The line of a zone file (RFC 9460 section 2.1): for a DNS server that knows SVCB.</summary>
    public string ToZoneFile(string zone, uint ttlSeconds)
    {
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"{NtmRecord.Label}.{zone}. {ttlSeconds} IN SVCB {Priority} {Target}. mandatory=port,key{PublicKeyParameter} port={Port}"));
        foreach (var (name, hints) in new[] { ("ipv4hint", Hints.Where(h => h.IsIPv4)), ("ipv6hint", Hints.Where(h => !h.IsIPv4)) })
        {
            if (hints.Any())
            {
                text.Append(' ').Append(name).Append('=').AppendJoin(',', hints.Select(h => h.ToIPAddress()));
            }
        }

        return text.Append(CultureInfo.InvariantCulture, $" key{PublicKeyParameter}=\"{Key}\"").ToString();
    }

    /// <summary>The same for one that does not (RFC 3597 section 5).</summary>
    public string ToUnknownForm(string zone, uint ttlSeconds)
    {
        var data = Encode();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{NtmRecord.Label}.{zone}. {ttlSeconds} IN TYPE{DnsType.Svcb} \\# {data.Length} {Convert.ToHexStringLower(data)}");
    }

    private static void Parameter(DnsWriter writer, ushort parameter, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            writer.Word(parameter);
            writer.Word((ushort)value.Length);
            writer.Bytes(value);
        }
    }

    private static string? Good(NtmRecordEntry good, out NtmRecordEntry? entry)
    {
        entry = good;
        return null;
    }

    /// <summary>An uncompressed name, as it must be (RFC 9460 section 2.2).</summary>
    private static bool TryReadTarget(ref ReadOnlySpan<byte> rest, out string target)
    {
        var text = new StringBuilder();
        target = "";
        for (var bytes = 1; !rest.IsEmpty; )
        {
            int length = rest[0];
            if (length == 0)
            {
                rest = rest[1..];
                target = text.ToString();
                return true;
            }

            bytes += length + 1;
            if (length > NtmName.LabelMost || length + 1 > rest.Length || bytes > DnsMessage.NameBytesMost)
            {
                return false;
            }

            DnsName.Append(text.Length > 0 ? text.Append('.') : text, rest.Slice(1, length));
            rest = rest[(length + 1)..];
        }

        return false;
    }

    /// <summary>RFC 9460 section 8: increasing, each there, itself not among them; then whether all are known here.</summary>
    private static string? JudgeMandatory(ReadOnlySpan<byte> mandatory, HashSet<ushort> isThere)
    {
        var (last, isKnown) = (0, true);
        for (; !mandatory.IsEmpty; mandatory = mandatory[2..])
        {
            var parameter = BinaryPrimitives.ReadUInt16BigEndian(mandatory);
            if (parameter <= last || !isThere.Contains(parameter))
            {
                return BadMandatory;
            }

            last = parameter;
            isKnown &= parameter is PortParameter or IPv4Hint or IPv6Hint or PublicKeyParameter;
        }

        return isKnown ? null : NotUnderstood;
    }

    private static bool IsBelow(string target, string zone) =>
        target.Length > zone.Length + 1 && target.EndsWith(zone, StringComparison.Ordinal) && target[target.Length - zone.Length - 1] == '.' && NtmName.IsZone(target);

    private static bool TryReadKey(ReadOnlySpan<byte> value, out PublicKey key)
    {
        key = default;
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return false;
        }

        // One text a key: base64 has spare bits in its last character.
        var text = Encoding.ASCII.GetString(value);
        return PublicKey.TryParse(text, out key) && !key.IsZero && key.ToString() == text;
    }

    private static bool TryReadHints(ReadOnlySpan<byte> four, ReadOnlySpan<byte> six, ushort port, out IReadOnlyList<RealAddress> hints)
    {
        var list = new List<RealAddress>();
        hints = list;
        if ((four.Length / 4) + (six.Length / 16) > NtmRecord.EndpointsMost)
        {
            return false;
        }

        for (; !four.IsEmpty; four = four[4..])
        {
            RealAddress.TryCreate(four[..4], port, out var address);
            list.Add(address);
        }

        for (; !six.IsEmpty; six = six[16..])
        {
            // IPv4 in IPv6's clothes belongs to the other hint.
            if (!RealAddress.TryCreate(six[..16], port, out var address) || address.IsIPv4)
            {
                return false;
            }

            list.Add(address);
        }

        return list.TrueForAll(IsReachable) && list.Distinct().Count() == list.Count;
    }

    /// <summary>Whether a coordinator may be there at all: no loopback, link-local, multicast or unspecified address.</summary>
    public static bool IsReachable(RealAddress address) => CandidateAddress.IsPossible(address, default);
}
