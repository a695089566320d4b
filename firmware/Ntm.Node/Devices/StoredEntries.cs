using System.Text.Json;
using System.Text.Json.Serialization;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

// What the device room keeps over a power cut: UTF-8 JSON with a version each. An entry of another version is not read and not touched.

/// <param name="Number">0: none yet (never kept without a name).</param>
/// <param name="IPv4">The latest LAN address of a published device, so that it is reachable after a restart before it has spoken.</param>
/// <param name="Macs">Further MAC addresses, merged by the owner; null: none.</param>
/// <param name="Ports">What may be reached of a published device, as <see cref="PortSet"/> writes it; null: everything.</param>
internal sealed record DeviceEntry(
    int Version, int Number, string? Name, string? IPv4, string? IPv6, IReadOnlyList<string>? Macs = null, string? Ports = null);

/// <param name="Ports">What of the node itself may be reached.</param>
internal sealed record NodePublicationEntry(int Version, string Ports);

/// <param name="Last">The highest number ever given away.</param>
internal sealed record DeviceMarkEntry(int Version, int Last);

/// <param name="UsedOn">Days since 0001-01-01 by wall time.</param>
internal sealed record AliasEntry(int Version, string Vip, int UsedOn);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeviceEntry))]
[JsonSerializable(typeof(NodePublicationEntry))]
[JsonSerializable(typeof(DeviceMarkEntry))]
[JsonSerializable(typeof(AliasEntry))]
internal sealed partial class StoredEntries : JsonSerializerContext
{
    public const int Version = 1;

    /// <summary>Never throws: a corrupt store is refused entry by entry.</summary>
    public static T? TryRead<T>(byte[]? value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return value is null ? null : JsonSerializer.Deserialize(value, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
