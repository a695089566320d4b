using Ntm.Crypto;
using Ntm.Hosting;
using Ntm.Protocol;
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

        root.Finish();
        return new(root.File, new CoordinatorModel(zone, owner, name), (ushort)port, endpoints, data, log);
    }

    /// <summary>A file that <see cref="Read"/> reads, with a word on each key.</summary>
    internal static string Write(CoordinatorModel model, ushort port, IEnumerable<RealAddress> endpoints) => $$"""
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

          // Where node.key and coordinator.store are, counted from this file's folder.
          "data": ".",

          // {{Logs.Levels}}
          "log": "information"
        }

        """;

    private static bool TryReadOwnerKey(string text, out byte[] key)
    {
        key = new byte[Ed25519.Size + 3];
        var good = Convert.TryFromBase64String(text, key, out var written) && written == Ed25519.Size;
        Array.Resize(ref key, Ed25519.Size);
        return good;
    }
}
