using System.Text;
using Ntm.Hosting;
using Ntm.Protocol.Naming;
using Ntm.Tunnel;

namespace Ntm.Coordinator.Host.Naming;

/// <summary>`ntm-coordinator record`: what to put into which DNS zone, in the words of zone files, so that all of it can be pasted.</summary>
internal static class RecordPrinting
{
    /// <param name="data">The coordinator's folder.</param>
    /// <exception cref="FatalException">Something of it cannot be.</exception>
    public static string Make(string data)
    {
        var config = CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName));
        var published = ZonePublishing.Of(config, new StaticKeyPair(NodeKeyFile.Read(config.KeyFile)).Public);
        var zone = published.Zone;
        var text = new StringBuilder();
        text.AppendLine($"; Either: a DNS server that has the zone {zone} publishes the NTM record. Put these lines into its zone file and raise the serial:");
        text.AppendLine().AppendJoin('\n', published.RecordLines()).AppendLine().AppendLine();
        text.AppendLine("; A server that does not know SVCB takes this instead of the SVCB lines:");
        text.AppendLine().AppendJoin('\n', published.Entries.Select(e => "; " + e.ToUnknownForm(zone, NtmRecord.TtlSeconds))).AppendLine().AppendLine();
        if (published.DelegationLines().ToArray() is { Length: > 0 } lines)
        {
            text.AppendLine($"; Or: the coordinator answers for {zone} itself. Put these lines, delegation and glue, into the parent zone{Parent(zone)}:");
            text.AppendLine().AppendJoin('\n', lines).AppendLine();
        }
        else
        {
            text.AppendLine($"; Or: the coordinator answers for {zone} itself. For that give it \"dns\": {{ \"listen\": [\"ADDRESS:53\"] }} in {config.File}, and ask again.");
        }

        return text.ToString();
    }

    private static string Parent(string zone) => zone.IndexOf('.', StringComparison.Ordinal) is var dot and > 0 ? $" ({zone[(dot + 1)..]})" : "";
}
