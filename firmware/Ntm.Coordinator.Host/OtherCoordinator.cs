using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;

namespace Ntm.Coordinator.Host;

/// <summary>Another coordinator of the zone, an entry of the configuration's "coordinators".</summary>
/// <param name="Name">Its name in the zone, one label.</param>
/// <param name="Endpoints">At which nodes reach it; at least one.</param>
/// <param name="Priority">In the NTM record.</param>
/// <param name="AnswersDns">Whether it answers for the zone in the public DNS, at its endpoints' addresses, port 53.</param>
public sealed record OtherCoordinator(string Name, PublicKey Key, IReadOnlyList<RealAddress> Endpoints, ushort Priority, bool AnswersDns)
{
    internal static OtherCoordinator Read(ConfigSection section)
    {
        var name = section.RequiredText("name");
        var key = section.Value<PublicKey>("key", "a coordinator's public key, as its 'init' printed it", TryReadKey, default);
        var endpoints = section.Addresses("endpoints");
        if (name.Length > 0 && !NtmName.IsLabel(name))
        {
            section.Refuse("name", $"must be one label of a-z, 0-9 and inner hyphens, but is \"{name}\".");
        }

        if (!section.Has("key"))
        {
            section.Refuse("key", "is missing.");
        }

        if (endpoints.Count is 0 or > CoordinatorConfig.MostEndpoints)
        {
            section.Refuse("endpoints", $"must list 1 to {CoordinatorConfig.MostEndpoints} addresses at which nodes reach it.");
        }

        return new(name, key, endpoints, (ushort)section.Number("priority", 1, 1, ushort.MaxValue), section.Flag("dns", false));
    }

    /// <summary>As invites name it.</summary>
    internal Server ToServer()
    {
        var server = new Server { PublicKey = Key.ToWire() };
        server.Endpoints.AddRange(Endpoints.Select(e => e.ToWire()));
        return server;
    }

    private static bool TryReadKey(string text, out PublicKey key) => PublicKey.TryParse(text, out key) && !key.IsZero;
}
