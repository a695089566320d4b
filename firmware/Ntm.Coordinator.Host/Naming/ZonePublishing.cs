using Ntm.Coordinator.Naming;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;

namespace Ntm.Coordinator.Host.Naming;

/// <summary>What the public DNS is told of the zone, from the configuration and the coordinator's own key.</summary>
internal static class ZonePublishing
{
    /// <exception cref="FatalException">There is something in it that nobody could use.</exception>
    public static PublicZone Of(CoordinatorConfig config, PublicKey own)
    {
        var zone = config.Model.Zone;
        string Host(string name) => $"{name}.{zone}";
        if (NtmRecord.NameOf(zone) is null)
        {
            throw new FatalException(ExitCode.Config, $"The zone {zone} can have no NTM record: its name is too long for '{NtmRecord.Label}.' before it.");
        }

        if (config.Others.Select(o => o.Name).Prepend(config.Model.Name).FirstOrDefault(n => !NtmName.IsZone(Host(n))) is { } name)
        {
            throw new FatalException(ExitCode.Config, $"{Host(name)} is longer than the {NtmName.NameMost} characters of a name. Give the coordinator a shorter one.");
        }

        if (config.Others.Any(o => o.Key == own))
        {
            throw new FatalException(ExitCode.Config, $"'coordinators' in {config.File} names this coordinator's own key. List the others only.");
        }

        if (config.Endpoints.Concat(config.Others.SelectMany(o => o.Endpoints)).FirstOrDefault(e => !NtmRecordEntry.IsReachable(e)) is { IsNone: false } nowhere)
        {
            throw new FatalException(
                ExitCode.Config, $"{nowhere} in {config.File} cannot be in an NTM record: nobody else reaches a loopback, link-local, multicast or unspecified address.");
        }

        return new(
            zone,
            [
                new(Host(config.Model.Name), config.Dns is not null, config.Dns?.Addresses ?? DnsConfig.AddressesOf(config.Endpoints)),
                .. config.Others.Select(o => new ZoneHost(Host(o.Name), o.AnswersDns, DnsConfig.AddressesOf(o.Endpoints))),
            ],
            [
                .. NtmRecordEntry.Of(new(own, config.Priority, config.Endpoints), Host(config.Model.Name)),
                .. config.Others.SelectMany(o => NtmRecordEntry.Of(new(o.Key, o.Priority, o.Endpoints), Host(o.Name))),
            ]);
    }
}
