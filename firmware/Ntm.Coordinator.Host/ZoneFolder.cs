using System.Text;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Naming;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Coordinator.Host;

/// <summary>Begins a zone: a folder with the owner key, the coordinator's key and its configuration. Nothing that is there is overwritten.</summary>
internal static class ZoneFolder
{
    public const string OwnerKeyName = "owner.key";
    public const string OwnerKeyKind = "ntm-owner-key";

    /// <param name="ownerKey">The owner key's file of a zone that there is already; null: a new zone.</param>
    /// <param name="dns">Where it is to answer for the zone in the public DNS; null or empty: nowhere.</param>
    /// <returns>What was made and what to do with it, for the owner.</returns>
    /// <exception cref="FatalException">The command line cannot be, or the folder is in use.</exception>
    public static string Make(string data, string zone, string name, IReadOnlyList<string> endpoints, int? port, string? ownerKey = null, IReadOnlyList<string>? dns = null)
    {
        data = Path.GetFullPath(data);
        zone = NtmName.Canonical(zone);
        var (addresses, answering) = Check(zone, name, endpoints, port, dns ?? []);
        var files = new[] { OwnerKeyName, NodeKeyFile.FileName, CoordinatorConfig.FileName, CoordinatorConfig.StoreName };
        if (Array.Find(files, f => File.Exists(Path.Combine(data, f))) is { } used)
        {
            throw new FatalException(
                ExitCode.Exists, $"The folder {data} is in use: {used} is there already and is not overwritten. Name another folder, or move the files away.");
        }

        var known = ownerKey is null ? null : new OwnerKey(SecretFile.Read(Path.GetFullPath(ownerKey), OwnerKeyKind));
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

        var ownerFile = Path.GetFullPath(ownerKey ?? Path.Combine(data, OwnerKeyName));
        var owner = known ?? OwnerKey.Generate(SystemEntropy.Instance);
        if (known is null)
        {
            SecretFile.Create(ownerFile, OwnerKeyKind, owner.Seed);
        }

        NodeKeyFile.ReadOrCreate(Path.Combine(data, NodeKeyFile.FileName), SystemEntropy.Instance);

        // Last: a folder with a configuration is complete.
        var config = Path.Combine(data, CoordinatorConfig.FileName);
        var text = CoordinatorConfig.Write(new CoordinatorModel(zone, owner.Public, name), (ushort)(port ?? addresses[0].Port), addresses, answering);
        DurableFile.Write(
            config, Encoding.UTF8.GetBytes(text), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, replace: false);
        var key = new StaticKeyPair(NodeKeyFile.Read(Path.Combine(data, NodeKeyFile.FileName)));
        if (known is not null)
        {
            return $"""
                Another coordinator of the zone {zone}, made with the owner key {ownerFile}, which stays where it is.
                  coordinator    {config}, key {key.Public}

                Next: run it, and name it in each invite, here and at the first coordinator:
                  {CoordinatorCommand.Program} run --config {config}
                  {CoordinatorCommand.Program} invite --data FIRST --also {key.Public}@{addresses[0]}
                """;
        }

        return $"""
            The zone {zone} is begun.
              owner key      {ownerFile}
              coordinator    {config}, key {key.Public}

            The owner key makes invites and removals and is needed for nothing else. Whoever has it can let nodes into the zone, and without it nobody can: keep a copy
            in a safe place. The coordinator runs without it, so it may be taken off this machine; then name it with --owner-key when inviting.

            Next:
              {CoordinatorCommand.Program} run --config {config}
              {CoordinatorCommand.Program} invite --data {data}
            """;
    }

    /// <summary>The owner key of a coordinator's zone.</summary>
    /// <param name="file">Null: in the coordinator's folder.</param>
    /// <exception cref="FatalException">It is missing, cannot be used, or is another zone's.</exception>
    public static OwnerKey ReadOwnerKey(CoordinatorConfig config, string data, string? file)
    {
        var path = Path.GetFullPath(file ?? Path.Combine(data, OwnerKeyName));
        var owner = new OwnerKey(SecretFile.Read(path, OwnerKeyKind));
        return owner.Public.AsSpan().SequenceEqual(config.Model.OwnerPublicKey)
            ? owner
            : throw new FatalException(
                ExitCode.BadData, $"The owner key {path} is not the one of zone {config.Model.Zone} in {config.File}. Name the right one with --owner-key.");
    }

    private static (IReadOnlyList<RealAddress> Endpoints, IReadOnlyList<RealAddress> Dns) Check(
        string zone, string name, IReadOnlyList<string> endpoints, int? port, IReadOnlyList<string> dns)
    {
        var problems = new List<string>();
        if (!NtmName.IsZone(zone))
        {
            problems.Add($"--zone must be a name such as home.example, but is '{zone}'");
        }

        if (!NtmName.IsLabel(name))
        {
            problems.Add($"--name must be one label of a-z, 0-9 and inner hyphens, but is '{name}'");
        }

        if (port is < 1 or > ushort.MaxValue)
        {
            problems.Add($"--port must be 1 to {ushort.MaxValue}, but is {port}");
        }

        if (endpoints.Count > CoordinatorConfig.MostEndpoints)
        {
            problems.Add($"--endpoint may be given {CoordinatorConfig.MostEndpoints} times, not {endpoints.Count}");
        }

        var addresses = Read("--endpoint", $"an address with a port such as 203.0.113.10:{Limits.SignallingPort}", endpoints);
        var answering = Read("--dns", "an address of this machine with a port such as 203.0.113.10:53", dns);
        if (dns.Count > 0 && NtmName.IsZone(zone) && NtmRecord.NameOf(zone) is null)
        {
            problems.Add($"--dns cannot be: the zone's name is too long for '{NtmRecord.Label}.' before it");
        }

        return problems.Count == 0 ? (addresses, answering) : throw new FatalException(ExitCode.Usage, $"{string.Join("; ", problems)}. Nothing was made.");

        List<RealAddress> Read(string option, string wanted, IReadOnlyList<string> texts)
        {
            var read = new List<RealAddress>();
            foreach (var text in texts)
            {
                if (RealAddress.TryParse(text, out var address))
                {
                    read.Add(address);
                }
                else
                {
                    problems.Add($"{option} must be {wanted}, but is '{text}'");
                }
            }

            return read;
        }
    }
}
