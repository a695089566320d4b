using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>What is kept of an uplink's NAT over a restart, as a line of words.</summary>
/// <param name="Networks">Of the mapped addresses: /24 or /48, port 0. In another network it is another NAT.</param>
internal sealed record NatMemory(NatJudgement Judgement, LifetimeSearch Lifetime, IReadOnlyList<RealAddress> Networks)
{
    public const string Collection = "nat";

    /// <summary>Networks kept of one uplink.</summary>
    public const int NetworksMost = 4;

    private const string Version = "1";
    private const int Words = 11;

    /// <summary>The network an address is taken to be in.</summary>
    public static RealAddress NetworkOf(RealAddress address) => address.IsIPv4 ? address with { Low = address.Low & ~0xFFUL, Port = 0 }
        : new(address.High & 0xFFFF_FFFF_FFFF_0000, 0, 0);

    public static string Key(string uplink, bool ipv4) => $"{uplink}/{(ipv4 ? 4 : 6)}";

    public byte[] Write() => Encoding.UTF8.GetBytes(string.Join(
        ' ',
        Version, Number((int)Judgement.Mapping), Number((int)Judgement.Filtering), Number((int)Judgement.Allocation), Number(Judgement.Step),
        Judgement.IsPooled ? "1" : "0", Judgement.IsCarriers ? "1" : "0", Number(Judgement.LatestPort), Number(Lifetime.Lived), Number(Lifetime.Died),
        string.Join(',', Networks.Select(n => n.WithPort(1).ToString()))));

    public static bool TryRead(byte[] value, [NotNullWhen(true)] out NatMemory? memory)
    {
        memory = null;
        var words = Encoding.UTF8.GetString(value).Split(' ');
        if (words.Length != Words || words[0] != Version)
        {
            return false;
        }

        var numbers = new int[Words - 2];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!int.TryParse(words[i + 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
        }

        var networks = new List<RealAddress>();
        foreach (var word in words[^1].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (networks.Count >= NetworksMost || !RealAddress.TryParse(word, out var network))
            {
                return false;
            }

            networks.Add(NetworkOf(network));
        }

        var (mapping, filtering, allocation) = ((NatMapping)numbers[0], (NatFiltering)numbers[1], (PortAllocation)numbers[2]);
        if (!Enum.IsDefined(mapping) || !Enum.IsDefined(filtering) || !Enum.IsDefined(allocation) || numbers[3] is < short.MinValue or > short.MaxValue
            || numbers[6] is < 0 or > ushort.MaxValue || numbers[7] is < 0 or > LifetimeSearch.Longest || numbers[8] is < 0 or > LifetimeSearch.Longest
            || (numbers[8] != 0 && numbers[8] <= numbers[7]))
        {
            return false;
        }

        memory = new(
            new(mapping, filtering, allocation, numbers[3], numbers[4] == 1, numbers[5] == 1, (ushort)numbers[6], "kept from before"), new(numbers[7], numbers[8]), networks);
        return true;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
