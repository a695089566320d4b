using System.Buffers.Binary;
using Ntm.Fast.Tests.Translation;
using Ntm.Node.Translation;
using Ntm.Protocol;

namespace Ntm.Real.Tests.Translation;

/// <summary>
/// The same random packets through Debian's tayga (an independent translator, RFC 6145) and through ours (RFC 7915), compared byte by byte but for what is
/// listed in <see cref="AllowedDifferences"/>. A failure prints the seed, the packet and both outcomes;
/// NTM_SEED=n tries others.
/// </summary>
public sealed class WithTayga
{
    private const int Packets = 12_000;
    private static readonly VirtualAddress s_own6 = Vip(Tayga.Own6), s_remote6 = Vip(Tayga.Remote6);

    [NeedsRootFact("tayga", "sysctl")]
    public void Random_packets_are_translated_as_tayga_translates_them()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("NTM_SEED") ?? "20261122", System.Globalization.CultureInfo.InvariantCulture);
        using var tayga = new Tayga();
        var random = new RandomPackets(seed);
        var judged = new Dictionary<string, int>();
        var wrong = new List<string>();
        for (var i = 1; i <= Packets && wrong.Count < 10; i++)
        {
            var packet = i % 2 == 0 ? random.NextIPv4() : random.NextIPv6();
            var theirs = tayga.Translate(packet, i << 1);
            var ours = Ours(packet, out var reason);
            var judgement = AllowedDifferences.Judge(packet, ours, reason, theirs);
            if (judgement.IsAllowed)
            {
                judged[judgement.Why] = judged.GetValueOrDefault(judgement.Why) + 1;
            }
            else
            {
                wrong.Add($"packet {i}: {Convert.ToHexString(packet)}\n  ours:  {(ours is null ? reason : Convert.ToHexString(ours))}\n  tayga: "
                    + $"{(theirs.Count == 0 ? "nothing" : string.Join(" and ", theirs.Select(Convert.ToHexString)))}\n  {judgement.Why}");
            }
        }

        Assert.True(wrong.Count == 0, $"Seed {seed}:\n{string.Join('\n', wrong)}\n{string.Join('\n', judged.Select(j => $"{j.Value,6} {j.Key}"))}");
        Assert.True(judged.GetValueOrDefault(AllowedDifferences.Same) > Packets / 2, string.Join('\n', judged));
    }

    private static byte[]? Ours(byte[] bytes, out string? reason)
    {
        var packet = new Packet();
        packet.Fill(bytes);
        var carried = default(InnerPacket);
        if (!InnerPacket.TryRead(packet.Bytes, out var read, out reason) || (read.IsError && !read.TryReadCarried(packet.Bytes, out carried, out reason)))
        {
            return null;
        }

        if (read.Protocol == InnerPacket.IcmpV6 && (read.IsFragment || (read.IsError && carried.HasFragmentHeader && carried.IcmpKind != IcmpKind.None)))
        {
            reason = InnerPacket.IcmpFragment; // as the proxy does
            return null;
        }

        ushort identification = 0;
        var (own4, remote4) = (Word(Tayga.Own4), Word(Tayga.Remote4));
        switch (read.IsIPv6, read.IsError)
        {
            case (false, false):
                PacketTranslation.ToIPv6(packet, read, s_own6, s_remote6);
                break;
            case (false, true):
                IcmpErrors.ToIPv6(packet, read, carried, s_own6, s_remote6, s_remote6, s_own6);
                break;
            case (true, false):
                PacketTranslation.ToIPv4(packet, read, remote4, own4, ref identification);
                break;
            default:
                IcmpErrors.ToIPv4(packet, read, carried, remote4, own4, own4, remote4, ref identification);
                break;
        }

        return packet.Bytes.ToArray();
    }

    private static VirtualAddress Vip(string text)
    {
        var bytes = TestPackets.IPv6(text);
        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(8)));
    }

    private static uint Word(string dotted) => BinaryPrimitives.ReadUInt32BigEndian(TestPackets.IPv4(dotted));
}
