using Google.Protobuf;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Coordinator.Host;

/// <summary>Makes an invite code from the owner key and the coordinator's folder; the coordinator need not run, and is not told.</summary>
internal static class InviteMaking
{
    /// <param name="data">The coordinator's folder.</param>
    /// <param name="ownerKeyFile">Null: in that folder.</param>
    /// <param name="name">The name it must take; null: its own choice.</param>
    /// <param name="also">Further coordinators than the configuration names, KEY@ADDRESS:PORT.</param>
    /// <exception cref="FatalException">Something of it cannot be.</exception>
    public static string Make(string data, string? ownerKeyFile, bool forRelay, string? name, int days, DateTimeOffset now, IReadOnlyList<string> also)
    {
        if (days is < 1 or > 365)
        {
            throw new FatalException(ExitCode.Usage, $"--days must be 1 to 365, but is {days}.");
        }

        var config = CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName));
        if (name is not null && (!NtmName.IsLabel(name) || name == config.Model.Name))
        {
            throw new FatalException(ExitCode.Usage, name == config.Model.Name
                ? $"--name '{name}' is the coordinator's own. Choose another."
                : $"--name must be one label of a-z, 0-9 and inner hyphens, but is '{name}'.");
        }

        var owner = ZoneFolder.ReadOwnerKey(config, data, ownerKeyFile);
        var server = new Server { PublicKey = new StaticKeyPair(NodeKeyFile.Read(config.KeyFile)).Public.ToWire() };
        server.Endpoints.AddRange(config.Endpoints.Select(e => e.ToWire()));
        var others = config.Others.Select(o => o.ToServer()).Concat(also.Select(ReadOther)).DistinctBy(o => o.PublicKey).ToArray();
        return InviteCode.Write(owner.Invite(
            config.Model.Zone, forRelay ? Role.Relay : Role.Node, name ?? "", now.AddDays(days), [server, .. others], SystemEntropy.Instance));
    }

    private static Server ReadOther(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 0 || !PublicKey.TryParse(text[..at], out var key) || !RealAddress.TryParse(text[(at + 1)..], out var address))
        {
            throw new FatalException(ExitCode.Usage, $"--also must be a coordinator's key, @ and its address, as its 'init' printed it, but is '{text}'.");
        }

        var server = new Server { PublicKey = key.ToWire() };
        server.Endpoints.Add(address.ToWire());
        return server;
    }
}
