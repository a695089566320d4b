using Ntm.Signalling;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Ntm.Hosting;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator.Host;

/// <summary>
/// members.json: who is in the zone, written by the running coordinator whenever it changes, read by `ntm-coordinator nodes`. Each entry carries its binding,
/// so that the owner's command believes the owner's signature and not the coordinator's word.
/// </summary>
/// <param name="WrittenAt">When the coordinator last saw a change.</param>
internal sealed record MemberList(DateTimeOffset WrittenAt, IReadOnlyList<MemberList.Entry> Members)
{
    public const string FileName = "members.json";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static MemberList Of(CoordinatorStatus status, DateTimeOffset at) => new(
        at,
        [
            .. status.Members.Select(m => new Entry(
                m.Name, m.Role == Role.Relay ? "relay" : "node", m.Key.ToString(), m.Registered, m.Registered ? m.Observed.ToString() : null, m.Devices,
                m.Binding.ToByteArray())),
        ]);

    /// <summary>Whether both say the same, whenever they were written.</summary>
    public bool Says(MemberList? other) =>
        other is not null && JsonSerializer.Serialize(this with { WrittenAt = default }, ListJson.Default.MemberList)
            == JsonSerializer.Serialize(other with { WrittenAt = default }, ListJson.Default.MemberList);

    /// <exception cref="IOException">The disk failed.</exception>
    public void Write(string data) =>
        DurableFile.Write(Path.Combine(data, FileName), JsonSerializer.SerializeToUtf8Bytes(this, ListJson.Default.MemberList), OwnerOnly, replace: true);

    /// <exception cref="FatalException">There is none, or it cannot be read.</exception>
    public static MemberList Read(string data)
    {
        var file = Path.Combine(Path.GetFullPath(data), FileName);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), ListJson.Default.MemberList) is { Members: not null } list
                ? list
                : throw new FatalException(ExitCode.BadData, $"The list {file} is damaged. The running coordinator writes it anew: start it again.");
        }
        catch (JsonException e)
        {
            throw new FatalException(ExitCode.BadData, $"The list {file} is damaged. The running coordinator writes it anew: start it again.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FatalException(ExitCode.NotPermitted, $"The list {file} cannot be read: this user may not. Run as the user who runs the coordinator.", e);
        }
        catch (IOException e)
        {
            throw new FatalException(ExitCode.Missing, $"There is no list {file}. The coordinator writes it when it runs: start it first.", e);
        }
    }

    /// <summary>A member by name, as the owner's signature says who it is.</summary>
    /// <exception cref="FatalException">There is none of that name, or the list is not true.</exception>
    public VouchedBinding Find(string name, CoordinatorModel model)
    {
        var entry = Members.FirstOrDefault(m => m.Name == name)
            ?? throw new FatalException(ExitCode.Usage, $"There is no node or relay '{name}' in {model.Zone}. '{CoordinatorCommand.Program} nodes' lists them.");
        if (Wire.TryParse(SignedBinding.Parser, entry.Binding, out var signed)
            && BindingCheck.TryVouch(signed, model.OwnerPublicKey, model.Zone, out var vouched, out _) && vouched.Name == name)
        {
            return vouched;
        }

        throw new FatalException(ExitCode.BadData, $"The list's entry for '{name}' is not vouched for by the owner key: the list was changed. Nothing was removed.");
    }

    /// <param name="Registered">Registered (a node) or announced (a relay) when the list was written.</param>
    /// <param name="Observed">Where it was seen; null where it is not registered.</param>
    /// <param name="Binding">Serialised SignedBinding.</param>
    internal sealed record Entry(string Name, string Role, string Key, bool Registered, string? Observed, IReadOnlyList<string> Devices, byte[] Binding);
}

/// <summary>The list as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(MemberList))]
internal sealed partial class ListJson : JsonSerializerContext;
