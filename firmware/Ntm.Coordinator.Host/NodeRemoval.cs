using System.Globalization;
using System.Text;
using Ntm.Hosting;
using Ntm.Signalling.Trust;

namespace Ntm.Coordinator.Host;

/// <summary>`ntm-coordinator nodes`: who is in the zone, and the owner's word that one is not any more.</summary>
internal static class NodeRemoval
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>The list, for people.</summary>
    /// <exception cref="FatalException">There is none, or it cannot be read.</exception>
    public static string List(string data)
    {
        var config = CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName));
        var list = MemberList.Read(config.Data);
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"{list.Members.Count} in {config.Model.Zone}, as the coordinator saw it at {list.WrittenAt:yyyy-MM-dd HH:mm:ss} UTC.\n"));
        var widest = list.Members.Select(m => m.Name.Length).DefaultIfEmpty().Max();
        foreach (var member in list.Members)
        {
            var state = member.Registered ? $"registered from {member.Observed}" : "not registered";
            var devices = member.Devices.Count == 0 ? "" : $"; publishes {string.Join(", ", member.Devices)}";
            text.Append(CultureInfo.InvariantCulture, $"  {member.Name.PadRight(widest)}  {member.Role,-5}  {member.Key}  {state}{devices}\n");
        }

        return text.ToString().TrimEnd('\n');
    }

    /// <summary>Makes the removal and hands it to the coordinator.</summary>
    /// <param name="ownerKeyFile">Null: in the data folder.</param>
    /// <param name="patience">How long to wait for a running coordinator to take it.</param>
    /// <returns>What was done, for the owner.</returns>
    /// <exception cref="FatalException">Something of it cannot be; nothing was done.</exception>
    public static async Task<string> RemoveAsync(string data, string? ownerKeyFile, string name, DateTimeOffset now, TimeSpan patience, CancellationToken cancel)
    {
        var config = CoordinatorConfig.Read(Path.Combine(data, CoordinatorConfig.FileName));
        var owner = ZoneFolder.ReadOwnerKey(config, data, ownerKeyFile);
        var member = MemberList.Read(config.Data).Find(name, config.Model);
        var file = Put(config, name, owner, member, now);
        for (var waited = TimeSpan.Zero; waited < patience; waited += Look)
        {
            if (!File.Exists(file))
            {
                return $"""
                    '{name}' with key {member.Key} is out of the zone {config.Model.Zone}. The coordinator has taken the removal and tells nodes and relays.
                    The name is free for a new invite. Where the zone has another coordinator, remove '{name}' there too.
                    """;
            }

            await Task.Delay(Look, cancel).ConfigureAwait(false);
        }

        return $"""
            The removal of '{name}' with key {member.Key} is in {file}. The coordinator does not run: it takes it when it starts.
            """;
    }

    private static string Put(CoordinatorConfig config, string name, OwnerKey owner, VouchedBinding member, DateTimeOffset now)
    {
        try
        {
            return RemovalInbox.Put(config.Data, name, owner.Remove(member, now));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FatalException(ExitCode.NotPermitted, $"The removal cannot be put into {config.Data}: this user may not. Run as the user who runs the coordinator.", e);
        }
        catch (IOException e)
        {
            throw new FatalException(ExitCode.Disk, $"The removal cannot be put into {config.Data}: {e.Message}", e);
        }
    }
}
