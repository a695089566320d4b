using Ntm.Protocol.Signalling;

namespace Ntm.Node.Nat;

/// <summary>A NAT in words for the owner of a home: what it does, and what that means. Pure.</summary>
public static class NatWords
{
    public static string Of(NatJudgement judged, LifetimeSearch lifetime)
    {
        if (judged == NatJudgement.Unknown)
        {
            return "Not known yet: no coordinator or relay has answered over this uplink.";
        }

        if (judged is { Mapping: NatMapping.None, Filtering: NatFiltering.EndpointIndependent })
        {
            return "No NAT and no firewall: this uplink's own address is reached from everywhere.";
        }

        var parts = new List<string>();
        if (judged.Mapping is not (NatMapping.None or NatMapping.Unknown))
        {
            parts.Add(judged.Mapping switch
            {
                NatMapping.EndpointIndependent => "uses one outside port for all destinations",
                NatMapping.AddressDependent => "uses another outside port for each address spoken to",
                _ => "uses another outside port for each address and port spoken to",
            });
        }

        if (judged.Filtering != NatFiltering.Unknown)
        {
            parts.Add(judged.Filtering switch
            {
                NatFiltering.EndpointIndependent => "lets in everybody",
                NatFiltering.AddressDependent => "lets in only addresses spoken to",
                _ => "lets in only addresses and ports spoken to",
            });
        }

        if (judged.Allocation != PortAllocation.Unknown && judged.Mapping != NatMapping.EndpointIndependent)
        {
            parts.Add(judged.Allocation switch
            {
                PortAllocation.Preserving => "keeps the inside port",
                PortAllocation.Stepped => FormattableString.Invariant($"gives ports in steps of {judged.Step}"),
                _ => "gives ports without a pattern",
            });
        }

        var what = judged.Mapping == NatMapping.None ? "flows" : "mappings";
        if (lifetime.About > 0)
        {
            parts.Add($"forgets silent {what} after about {Time(lifetime.About)}");
        }
        else if (lifetime is { Lived: >= LifetimeSearch.Longest, Died: 0 })
        {
            parts.Add($"remembers silent {what} for {Time(600)} and longer");
        }

        var who = judged.Mapping == NatMapping.None ? "No NAT, but a firewall"
            : judged.IsCarriers ? "Behind a NAT of the provider (and perhaps one's own)"
            : judged.Mapping == NatMapping.Unknown ? "Behind something" : "Behind a NAT";
        var sentence = parts.Count == 0 ? $"{who}; more is not known yet." : $"{who} that {string.Join(", ", parts)}.";
        return judged.IsPooled ? sentence + " Several outside addresses take turns." : sentence;
    }

    /// <summary>What it means for the owner.</summary>
    public static string Meaning(NatJudgement judged) => (judged.Mapping, judged.Filtering) switch
    {
        (NatMapping.Unknown, _) => "Homes are reached through the relay until more is known, and directly where that works.",
        (NatMapping.None or NatMapping.EndpointIndependent, NatFiltering.EndpointIndependent) => "Direct connections work with all homes, whatever they are behind.",
        (NatMapping.None or NatMapping.EndpointIndependent, NatFiltering.AddressDependent) => "Direct connections work with nearly all homes.",
        (NatMapping.None or NatMapping.EndpointIndependent, _) =>
            "Direct connections work with most homes; with one whose NAT uses another port for each destination, the relay is used unless that port can be guessed.",
        (_, _) when judged.Allocation is PortAllocation.Preserving or PortAllocation.Stepped =>
            "Direct connections work with homes that let in any port of an address they spoke to, and often with others, since the port can be guessed; else the relay is used.",
        _ => "Direct connections work with homes that let in any port of an address they spoke to; with others the relay is used.",
    };

    /// <summary>"30 s", "2 min".</summary>
    public static string Time(int seconds) => seconds < 100 ? FormattableString.Invariant($"{seconds} s") : FormattableString.Invariant($"{(seconds + 30) / 60} min");
}
