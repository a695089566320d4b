using Ntm.Signalling;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Store;

namespace Ntm.Coordinator.Host;

/// <summary>
/// `ntm-coordinator owner rotate`: another owner key for the zone, after the old one was lost or may have been stolen. The zone's name and the coordinator's key
/// stay, so addresses stay; who belongs to the zone is forgotten, because only the old key vouches for it.
/// </summary>
internal static class OwnerRotation
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <param name="newKeyFile">The new owner key, made at another coordinator of the zone; null: make one here, as owner.key.</param>
    /// <returns>What was done and what to do next, for the owner.</returns>
    /// <exception cref="FatalException">Something of it cannot be.</exception>
    /// <exception cref="StoreException">The coordinator runs, or its store cannot be used.</exception>
    public static string Rotate(string data, string? newKeyFile, DateTimeOffset now)
    {
        var config = CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName));
        var known = newKeyFile is null ? null : new OwnerKey(SecretFile.Read(Path.GetFullPath(newKeyFile), ZoneFolder.OwnerKeyKind));
        var text = File.ReadAllText(config.File);
        var former = Convert.ToBase64String(config.Model.OwnerPublicKey);
        if (text.Split(former).Length != 2)
        {
            throw new FatalException(ExitCode.Config, $"The configuration {config.File} does not hold the owner's public key {former} just once, so it is not changed.");
        }

        if (known is not null && known.Public.AsSpan().SequenceEqual(config.Model.OwnerPublicKey))
        {
            throw new FatalException(ExitCode.Usage, $"The owner key {newKeyFile} is the zone's present one. Leave --owner-key out to have another made.");
        }

        // Open while all of it is done: the coordinator does not run meanwhile.
        using var store = Store.Store.Open(config.StoreFile);
        var kept = store.LoadAll();
        string? aside = null;
        var ownerFile = Path.GetFullPath(newKeyFile ?? Path.Combine(data, ZoneFolder.OwnerKeyName));
        if (known is null)
        {
            if (File.Exists(ownerFile))
            {
                aside = string.Create(CultureInfo.InvariantCulture, $"{ownerFile}.{now.UtcDateTime:yyyyMMdd-HHmmss}");
                File.Move(ownerFile, aside);
            }

            known = OwnerKey.Generate(SystemEntropy.Instance);
            SecretFile.Create(ownerFile, ZoneFolder.OwnerKeyKind, known.Seed);
        }

        DurableFile.Write(
            config.File, Encoding.UTF8.GetBytes(text.Replace(former, Convert.ToBase64String(known.Public), StringComparison.Ordinal)), Readable, replace: true);
        store.Write([.. kept.Where(e => CoordinatorCore.IsOfOwner(e.Collection)).Select(e => e with { Value = null })]);
        return Say(config, data, ownerFile, aside, newKeyFile is not null, Members(kept, config.Model));
    }

    private static string Say(
        CoordinatorConfig config, string data, string ownerFile, string? aside, bool isOther, IReadOnlyList<(string Name, Role Role)> members)
    {
        var said = new StringBuilder($"The zone {config.Model.Zone} has another owner key here: {ownerFile}.");
        if (aside is not null)
        {
            said.Append(CultureInfo.InvariantCulture, $" The former is {aside}; it opens nothing here any more. Delete it.");
        }

        var option = isOther ? $" --owner-key {ownerFile}" : "";
        said.Append(CultureInfo.InvariantCulture, $"""


            Next: run the coordinator again; at another coordinator of the zone, stop it, copy the new key there and
              {CoordinatorCommand.Program} owner rotate --data DIR --owner-key FILE
            Then invite all again. Each gateway leaves (ntm leave --yes) and joins (ntm join CODE); each relay joins into a new folder:

            """);
        foreach (var (name, role) in members)
        {
            said.Append(CultureInfo.InvariantCulture, $"  {CoordinatorCommand.Program} invite --data {data}{option} --name {name}{(role == Role.Relay ? " --relay" : "")}\n");
        }

        return said.ToString().TrimEnd('\n');
    }

    private static IReadOnlyList<(string Name, Role Role)> Members(IEnumerable<StoreWrite> kept, CoordinatorModel model)
    {
        var members = new List<(string, Role)>();
        foreach (var entry in kept.Where(e => e.Collection == CoordinatorCore.BindingCollection))
        {
            // A damaged one is forgotten with the others.
            if (Wire.TryParse(SignedBinding.Parser, entry.Value, out var signed)
                && BindingCheck.TryVouch(signed, model.OwnerPublicKey, model.Zone, out var vouched, out _))
            {
                members.Add((vouched.Name, vouched.Role));
            }
        }

        members.Sort();
        return members;
    }
}
