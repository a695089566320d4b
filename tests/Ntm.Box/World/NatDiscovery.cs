using System.Text.RegularExpressions;
using Ntm.Box.Os;

namespace Ntm.Box.World;

/// <summary>What an RFC 5780 client found out about a NAT.</summary>
/// <param name="PublicAddress">The address the STUN server saw; null where nothing came back.</param>
/// <param name="Said">The client's own verdicts, word for word.</param>
internal sealed partial record NatDiscovery(NatBehaviour Behaviour, string? PublicAddress, IReadOnlyList<string> Said)
{
    /// <summary>Asks coturn's client from inside a namespace: nobody of this project has a hand in the answer.</summary>
    public static async Task<NatDiscovery> AskAsync(NetworkNamespace from, string stunServer, CancellationToken stop)
    {
        var outcome = await from.RunAsync(["turnutils_natdiscovery", "-m", "-f", stunServer], TimeSpan.FromSeconds(40), stop);
        return outcome.Code == 127 ? throw new BoxFailed(outcome.Sentence, "Install the package coturn.") : Parse(outcome.Out + "\n" + outcome.Err);
    }

    /// <summary>Whether a datagram to the home's own mapped address comes back to it, as coturn's client finds it.</summary>
    /// <param name="own">The address it is to ask from.</param>
    /// <param name="port">And the port, which nobody else behind the same NAT has.</param>
    public static async Task<bool> HairpinsAsync(NetworkNamespace from, string own, int port, string stunServer, CancellationToken stop)
    {
        var outcome = await from.RunAsync(["turnutils_natdiscovery", "-H", "-L", own, "-l", $"{port}", stunServer], TimeSpan.FromSeconds(40), stop);
        return outcome.Out.Contains("successful hairpinning", StringComparison.Ordinal);
    }

    /// <summary>Whether a mapping is still there after so long a silence, as coturn's client finds it.</summary>
    public static async Task<bool> OutlivesAsync(NetworkNamespace from, int seconds, string stunServer, CancellationToken stop)
    {
        var outcome = await from.RunAsync(["turnutils_natdiscovery", "-t", "-T", $"{seconds}", stunServer], TimeSpan.FromSeconds(seconds + 30), stop);
        return outcome.Out.Contains("RFC 5780 response 1", StringComparison.Ordinal)
            ? outcome.Out.Contains("RFC 5780 response 2", StringComparison.Ordinal)
            : throw new BoxFailed($"the STUN server {stunServer} does not answer in {from.Name}: {outcome.Sentence}");
    }

    /// <summary>Reads what `turnutils_natdiscovery -m -f` of coturn 4.5 and 4.6 prints.</summary>
    public static NatDiscovery Parse(string output)
    {
        var said = Verdicts().Matches(output).Select(m => m.Value.Trim()).ToList();
        var mapping = Mapping.Unknown;
        var filtering = Filtering.Unknown;
        foreach (var verdict in said)
        {
            if (verdict.StartsWith("No NAT", StringComparison.OrdinalIgnoreCase))
            {
                mapping = Mapping.None;
            }
            else if (verdict.Contains("Mapping", StringComparison.Ordinal))
            {
                mapping = verdict.Contains("Address and Port Dependent", StringComparison.Ordinal) ? Mapping.AddressAndPortDependent
                    : verdict.Contains("Address Dependent", StringComparison.Ordinal) ? Mapping.AddressDependent
                    : verdict.Contains("Endpoint Independent", StringComparison.Ordinal) ? Mapping.EndpointIndependent
                    : Mapping.Unknown;
            }
            else if (verdict.Contains("Filtering", StringComparison.Ordinal))
            {
                filtering = verdict.Contains("Address and Port Dependent", StringComparison.Ordinal) ? Filtering.AddressAndPortDependent
                    : verdict.Contains("Address Dependent", StringComparison.Ordinal) ? Filtering.AddressDependent
                    : verdict.Contains("Endpoint Independent", StringComparison.Ordinal) ? Filtering.EndpointIndependent
                    : Filtering.Unknown;
            }
        }

        var reflexive = Reflexive().Match(output);
        return new NatDiscovery(new NatBehaviour(mapping, filtering), reflexive.Success ? reflexive.Groups[1].Value : null, said);
    }

    [GeneratedRegex("^(NAT with .+!|No NAT.*)$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Verdicts();

    [GeneratedRegex(@"UDP reflexive addr: ([0-9a-f.:]+):\d+")]
    private static partial Regex Reflexive();
}
