using System.Net;
using Ntm.Coordinator.Host.Naming;
using Ntm.Crypto;
using Ntm.Hosting;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Serilog.Events;

namespace Ntm.Coordinator.Host;

/// <summary>coordinator.json.</summary>
/// <param name="File">Where it was read from.</param>
/// <param name="Port">UDP, both families.</param>
/// <param name="Endpoints">At which nodes reach it: written into invites. At least one.</param>
/// <param name="Data">The folder of node.key and coordinator.store.</param>
public sealed record CoordinatorConfig(
    string File, CoordinatorModel Model, ushort Port, IReadOnlyList<RealAddress> Endpoints, string Data, LogEventLevel Log)
{
    public const string FileName = "coordinator.json";
    public const string StoreName = "coordinator.store";

    /// <summary>Endpoints that fit an invite code a person may have to copy.</summary>
    public const int MostEndpoints = 4;

    /// <summary>In the NTM record: 1 and up, the lowest is asked first.</summary>
    public ushort Priority { get; init; } = 1;

    /// <summary>The zone's other coordinators, for the NTM record and invites.</summary>
    public IReadOnlyList<OtherCoordinator> Others { get; init; } = [];

    /// <summary>Null: it does not answer for the zone in the public DNS.</summary>
    public DnsConfig? Dns { get; init; }

    /// <summary>Who is asked for other zones' NTM records; null: the system's resolvers.</summary>
    public IPEndPoint? Resolver { get; init; }

    public string KeyFile => Path.Combine(Data, NodeKeyFile.FileName);

    public string StoreFile => Path.Combine(Data, StoreName);

    /// <exception cref="ConfigException">With everything that is wrong.</exception>
    public static CoordinatorConfig Read(string path)
    {
        var root = ConfigSection.Read(path);
        var zone = root.RequiredText("zone");
        var name = root.RequiredText("name");
        var owner = root.Value<byte[]>("ownerPublicKey", "an owner's public key: 32 bytes in base64", TryReadOwnerKey, []);
        var port = root.Number("port", Limits.SignallingPort, 1, ushort.MaxValue);
        var endpoints = root.Addresses("endpoints");
        var priority = root.Number("priority", 1, 1, ushort.MaxValue);
        var others = root.Sections("coordinators").Select(OtherCoordinator.Read).ToArray();
        var dns = DnsConfig.Read(root, endpoints);
        var resolver = root.Value<IPEndPoint?>("resolver", "an IP address, with a port where it is not 53", TryReadResolver, null);
        var data = root.FilePath("data", ".");
        var log = root.Value<LogEventLevel>("log", Logs.Levels, Logs.TryReadLevel, LogEventLevel.Information);
        if (zone.Length > 0 && !NtmName.IsZone(zone))
        {
            root.Refuse("zone", $"must be a zone's name in lower case such as \"home.example\", but is \"{zone}\".");
        }

        if (name.Length > 0 && !NtmName.IsLabel(name))
        {
            root.Refuse("name", $"must be one label of a-z, 0-9 and inner hyphens, but is \"{name}\".");
        }

        if (!root.Has("ownerPublicKey"))
        {
            root.Refuse("ownerPublicKey", "is missing.");
        }

        if (endpoints.Count is 0 or > MostEndpoints)
        {
            root.Refuse("endpoints", $"must list 1 to {MostEndpoints} addresses at which nodes reach this coordinator.");
        }

        Judge(root, zone, name, others, dns is not null);
        root.Finish();
        return new(root.File, new CoordinatorModel(zone, owner, name), (ushort)port, endpoints, data, log)
        {
            Priority = (ushort)priority, Others = others, Dns = dns, Resolver = resolver,
        };
    }

    /// <summary>What one value alone does not show.</summary>
    private static void Judge(ConfigSection root, string zone, string name, OtherCoordinator[] others, bool answersDns)
    {
        if (others.Length >= NtmRecord.CoordinatorsMost)
        {
            root.Refuse("coordinators", $"must list the others, {NtmRecord.CoordinatorsMost - 1} at most, but lists {others.Length}.");
        }

        if (others.Select(o => o.Name).Append(name).GroupBy(n => n).FirstOrDefault(g => g.Key.Length > 0 && g.Count() > 1) is { } twice)
        {
            root.Refuse("coordinators", $"and \"name\" have '{twice.Key}' twice. Each coordinator of a zone has a name of its own.");
        }

        if (others.Where(o => !o.Key.IsZero).GroupBy(o => o.Key).Any(g => g.Count() > 1))
        {
            root.Refuse("coordinators", "has a key twice. Each coordinator has a key of its own; its 'init' printed it.");
        }

        if (answersDns && NtmName.IsZone(zone) && NtmRecord.NameOf(zone) is null)
        {
            root.Refuse("dns", $"cannot be: the zone's name is too long for '{NtmRecord.Label}.' before it.");
        }
    }

    /// <summary>A file that <see cref="Read"/> reads, with a word on each key.</summary>
    internal static string Write(CoordinatorModel model, ushort port, IEnumerable<RealAddress> endpoints, IReadOnlyList<RealAddress> dns) => $$"""
        {
          // The zone this coordinator serves, and its owner's public key: whose invites count.
          "zone": "{{model.Zone}}",
          "ownerPublicKey": "{{Convert.ToBase64String(model.OwnerPublicKey)}}",

          // The coordinator's own name in the zone; nobody else may take it.
          "name": "{{model.Name}}",

          // UDP port to listen on, IPv4 and IPv6.
          "port": {{port}},

          // At which addresses nodes and relays reach it; they are written into invites.
          "endpoints": [{{string.Join(", ", endpoints.Select(e => $"\"{e}\""))}}],

          // Where it answers for the zone in the public DNS (UDP and TCP); the parent zone must then name it: `{{CoordinatorCommand.Program}} record`.
          {{(dns.Count > 0 ? "" : "// ")}}"dns": { "listen": [{{string.Join(", ", dns.Count > 0 ? dns.Select(e => $"\"{e}\"") : ["\"ADDRESS:53\""])}}] },

          // Where node.key and coordinator.store are, counted from this file's folder.
          "data": ".",

          // {{Logs.Levels}}
          "log": "information"
        }

        """;

    private static bool TryReadResolver(string text, out IPEndPoint? resolver)
    {
        var good = Hosting.Resolver.TryRead(text, out var read);
        resolver = read;
        return good;
    }

    private static bool TryReadOwnerKey(string text, out byte[] key)
    {
        key = new byte[Ed25519.Size + 3];
        var good = Convert.TryFromBase64String(text, key, out var written) && written == Ed25519.Size;
        Array.Resize(ref key, Ed25519.Size);
        return good;
    }
}
