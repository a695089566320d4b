using Ntm.Hosting;
using Ntm.Protocol;
using Serilog.Events;

namespace Ntm.Relay.Host;

/// <summary>relay.json.</summary>
/// <param name="File">Where it was read from.</param>
/// <param name="Port">UDP, both families.</param>
/// <param name="Data">The folder of node.key and relay.store.</param>
public sealed record RelayConfig(string File, RelayModel Model, ushort Port, string Data, LogEventLevel Log)
{
    public const string FileName = "relay.json";
    public const string StoreName = "relay.store";

    /// <summary>UDP, both families: answers nodes' checks; 0: none.</summary>
    public ushort SecondPort { get; init; }

    public string KeyFile => Path.Combine(Data, NodeKeyFile.FileName);

    public string StoreFile => Path.Combine(Data, StoreName);

    /// <exception cref="ConfigException">With everything that is wrong.</exception>
    public static RelayConfig Read(string path)
    {
        var root = ConfigSection.Read(path);
        var port = root.Number("port", Limits.SignallingPort, 1, ushort.MaxValue);
        var second = root.Number("secondPort", Linux.SecondPort.After(port), 0, ushort.MaxValue);
        var model = new RelayModel(root.Addresses("endpoints"));
        var data = root.FilePath("data", ".");
        var log = root.Value<LogEventLevel>("log", Logs.Levels, Logs.TryReadLevel, LogEventLevel.Information);
        if (model.Endpoints.Count > RelayModel.MostEndpoints || !root.Has("endpoints"))
        {
            root.Refuse("endpoints", $"must list 1 to {RelayModel.MostEndpoints} addresses at which nodes reach this relay.");
        }

        if (second == port)
        {
            root.Refuse("secondPort", $"must be another than \"port\", but is {port} too.");
        }

        root.Finish();
        if (model.Problem is { } problem)
        {
            throw new ConfigException(root.File, [problem]);
        }

        return new(root.File, model, (ushort)port, data, log) { SecondPort = (ushort)second };
    }

    /// <summary>A file that <see cref="Read"/> reads, with a word on each key.</summary>
    internal static string Write(RelayModel model, ushort port) => $$"""
        {
          // UDP port to listen on, IPv4 and IPv6.
          "port": {{port}},

          // At which addresses nodes reach this relay; it announces them to the zone's coordinators.
          "endpoints": [{{string.Join(", ", model.Endpoints.Select(e => $"\"{e}\""))}}],

          // Where node.key and relay.store are, counted from this file's folder.
          "data": ".",

          // {{Logs.Levels}}
          "log": "information"
        }

        """;
}
