using System.Text;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Signalling.Trust;
using Ntm.Store;
using Ntm.Tunnel;

namespace Ntm.Relay.Host;

/// <summary>`ntm-relay join`: makes the folder with the key, asks the invite's coordinators, keeps the membership, writes the configuration.</summary>
internal static class JoiningRelay
{
    // Above the core's own limit of 8 s for each of at most 8 coordinators, so that its reason is told and not this one.
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(90);

    /// <returns>What was done and what to do next, for the operator.</returns>
    /// <exception cref="FatalException">The command line cannot be, the folder is in use, or the join was refused.</exception>
    public static async Task<string> JoinAsync(
        string code, string? name, string data, IReadOnlyList<string> endpoints, int? port, CancellationToken cancel)
    {
        data = Path.GetFullPath(data);
        var model = Check(endpoints, port);
        var config = new RelayConfig(
            Path.Combine(data, RelayConfig.FileName), model, (ushort)(port ?? model.Endpoints[0].Port), data, default);
        if (File.Exists(config.File))
        {
            throw new FatalException(
                ExitCode.Exists, $"The folder {data} is in use: a relay joined there. Run it with '{RelayCommand.Program} run --config {config.File}', or name another folder.");
        }

        if (!InviteCode.TryRead(code, out _, out _, out var problem))
        {
            throw new FatalException(ExitCode.Usage, $"{problem} Nothing was made.");
        }

        MakeFolder(data);
        var key = new StaticKeyPair(NodeKeyFile.ReadOrCreate(config.KeyFile, SystemEntropy.Instance));
        var reason = await JoinAsync(config, key, code, name, cancel).ConfigureAwait(false);

        // Last: a folder with a configuration is complete.
        DurableFile.Write(
            config.File, Encoding.UTF8.GetBytes(RelayConfig.Write(model, config.Port)),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, replace: false);
        return $"""
            {reason} Its key is {key.Public}.

            Next:
              {RelayCommand.Program} run --config {config.File}
            """;
    }

    private static async Task<string> JoinAsync(RelayConfig config, StaticKeyPair key, string code, string? name, CancellationToken cancel)
    {
        using var store = Store.Store.Open(config.StoreFile);
        var core = new RelayCore(config.Model, key, SystemEntropy.Instance, store.LoadAll());
        var ended = new TaskCompletionSource<RelayEvent.JoinEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var pump = new Pump(core, new PumpOptions
        {
            Name = "joining",
            AfterEach = _ =>
            {
                if (RelayEvents.Take(core, store, (_, _) => { }) is { } end)
                {
                    ended.TrySetResult(end);
                }
            },
            OnBug = e => ended.TrySetException(e),
            Exit = _ => { },
        });
        RelaySockets.Open(pump, config.Port, config.Model.Endpoints);
        pump.Start();
        pump.Post(now => core.Join(now, code, name));
        RelayEvent.JoinEnded end;
        try
        {
            end = await ended.Task.WaitAsync(AtMost, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new FatalException(ExitCode.Unavailable, "The join came to no end. Check the network and join again with the same invite.", e);
        }

        return end.Joined ? end.Reason : throw new FatalException(ExitCode.Unavailable, $"Not joined: {end.Reason}");
    }

    private static RelayModel Check(IReadOnlyList<string> endpoints, int? port)
    {
        if (port is < 1 or > ushort.MaxValue)
        {
            throw new FatalException(ExitCode.Usage, $"--port must be 1 to {ushort.MaxValue}, but is {port}. Nothing was made.");
        }

        var addresses = new List<RealAddress>();
        foreach (var endpoint in endpoints)
        {
            if (!RealAddress.TryParse(endpoint, out var address))
            {
                throw new FatalException(
                    ExitCode.Usage,
                    $"--endpoint must be an address with a port such as 203.0.113.11:{Limits.SignallingPort}, but is '{endpoint}'. Nothing was made.");
            }

            addresses.Add(address);
        }

        var model = new RelayModel(addresses);
        return model.Problem is { } problem ? throw new FatalException(ExitCode.Usage, $"{problem} Nothing was made.") : model;
    }

    private static void MakeFolder(string data)
    {
        try
        {
            Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FatalException(ExitCode.NotPermitted, $"The folder {data} cannot be made: this user may not. Run as a user who may, or name another folder.", e);
        }
        catch (IOException e)
        {
            throw new FatalException(ExitCode.Exists, $"The folder {data} cannot be made: {e.Message}", e);
        }
    }
}
