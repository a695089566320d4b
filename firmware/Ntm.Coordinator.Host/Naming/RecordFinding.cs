using System.Globalization;
using System.Net;
using System.Text;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Host.Naming;

/// <summary>`ntm-coordinator find`: what a coordinator of another zone would find.</summary>
internal static class RecordFinding
{
    /// <param name="resolver">Whom to ask; null: as <paramref name="data"/>'s configuration says, or else the system's.</param>
    /// <param name="data">A coordinator's folder, or null.</param>
    /// <exception cref="FatalException">Nothing was found; with the reason.</exception>
    public static async Task<string> FindAsync(string zone, string? resolver, string? data, CancellationToken stop)
    {
        IPEndPoint? asked = null;
        if (resolver is not null && !Resolver.TryRead(resolver, out asked))
        {
            throw new FatalException(ExitCode.Usage, $"--resolver must be an IP address, with a port where it is not {Resolver.Port}, but is '{resolver}'.");
        }

        asked ??= data is null ? null : CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName)).Resolver;
        zone = NtmName.Canonical(zone);
        using var lookup = new NtmRecordLookup(new Resolver(asked).AskAsync, TimeProvider.System);
        var answer = await lookup.FindAsync(zone, stop).ConfigureAwait(false);
        if (answer is not { Verdict: NtmRecordVerdict.Found, Record: { } record })
        {
            throw new FatalException(answer.Verdict == NtmRecordVerdict.NotAsked ? ExitCode.Usage : ExitCode.Unavailable, answer.Reason);
        }

        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"The zone {zone} has an NTM record, to be remembered for {answer.TimeToLive.TotalSeconds:0} s. {answer.Reason}");
        foreach (var coordinator in record.Coordinators)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {coordinator.Priority,5}  {coordinator.Key}  {string.Join(" ", coordinator.Endpoints)}");
        }

        return text.ToString();
    }
}
