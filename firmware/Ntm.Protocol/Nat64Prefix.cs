using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Ntm.Protocol;

/// <summary>
/// The prefix behind which a network without IPv4 reaches IPv4 addresses (NAT64, RFC 6146): an IPv4 address is written into it as RFC 6052 section 2.2 says.
/// </summary>
public readonly record struct Nat64Prefix
{
    /// <summary>The name whose AAAA records a DNS64 makes up, and its well-known IPv4 addresses: 192.0.0.170 and 192.0.0.171 (RFC 7050 section 8.2).</summary>
    public const string WellKnownName = "ipv4only.arpa";

    private const uint WellKnownFirst = 0xC000_00AA;

    /// <summary>RFC 6052 section 2.2: byte 8, bits 64 to 71, is zero and no part of prefix or address.</summary>
    private const int ZeroByte = 8;

    private static readonly int[] Lengths = [96, 64, 56, 48, 40, 32];

    private readonly UInt128 _prefix;

    private Nat64Prefix(UInt128 prefix, int length) => (_prefix, Length) = (prefix, length);

    /// <summary>Bits: 32, 40, 48, 56, 64 or 96.</summary>
    public int Length { get; }

    /// <summary>Reads the prefix out of the AAAA records of <see cref="WellKnownName"/> (RFC 7050 section 3). Never throws.</summary>
    /// <param name="answers">The records' data.</param>
    /// <returns>False where none holds a well-known address at one place only, so that nothing can be told.</returns>
    public static bool TryFind(IEnumerable<byte[]> answers, out Nat64Prefix prefix)
    {
        foreach (var answer in answers.Where(a => a.Length == 16))
        {
            var fits = Lengths.Select(l => new Nat64Prefix(Cut(Read(answer), l), l)).Where(p => p.Extract(Read(answer)) is WellKnownFirst or WellKnownFirst + 1).ToArray();
            if (fits.Length == 1 && fits[0].IsPossible)
            {
                prefix = fits[0];
                return true;
            }
        }

        prefix = default;
        return false;
    }

    /// <summary>Reads "64:ff9b::/96".</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Nat64Prefix prefix)
    {
        prefix = default;
        if (!IPNetwork.TryParse(text ?? "", out var network) || network.BaseAddress.GetAddressBytes() is not { Length: 16 } bytes || !Lengths.Contains(network.PrefixLength))
        {
            return false;
        }

        prefix = new(Read(bytes), network.PrefixLength);
        return prefix.IsPossible && prefix.Embed(RealAddress.FromIPv4(0, 1)) == new RealAddress((ulong)(prefix._prefix >> 64), (ulong)prefix._prefix, 1);
    }

    /// <summary>The IPv6 address by which an IPv4 address is reached, with its port.</summary>
    public RealAddress Embed(RealAddress ipv4)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _prefix);
        var at = Length / 8;
        for (var i = 0; i < 4; i++)
        {
            at += at == ZeroByte ? 1 : 0;
            bytes[at++] = (byte)(ipv4.Low >> (24 - (8 * i)));
        }

        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), ipv4.Port);
    }

    /// <summary>The IPv4 address that an address behind this prefix stands for, with its port.</summary>
    /// <returns>False for an address that is not behind it.</returns>
    public bool TryExtract(RealAddress ipv6, out RealAddress ipv4)
    {
        ipv4 = default;
        var whole = new UInt128(ipv6.High, ipv6.Low);
        if (ipv6.IsIPv4 || Length == 0 || Cut(whole, Length) != _prefix)
        {
            return false;
        }

        ipv4 = RealAddress.FromIPv4(Extract(whole), ipv6.Port);
        return Embed(ipv4) == ipv6;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _prefix);
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{Length}");
    }

    // Whoever answers our DNS may name any prefix: unicast ones only, and none by which this machine or link would be meant.
    private bool IsPossible
    {
        get
        {
            var first = (ushort)(_prefix >> 112);
            return first is 0x0064 or (>= 0x2000 and < 0x4000) or (>= 0xFC00 and < 0xFE00);
        }
    }

    private uint Extract(UInt128 whole)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, whole);
        var ip = 0u;
        var at = Length / 8;
        for (var i = 0; i < 4; i++)
        {
            at += at == ZeroByte ? 1 : 0;
            ip = ip << 8 | bytes[at++];
        }

        return ip;
    }

    private static UInt128 Read(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);

    private static UInt128 Cut(UInt128 whole, int length) => whole & (UInt128.MaxValue << (128 - length));
}
