using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ntm.Node.Handovers;

/// <summary>A record as the store keeps it: UTF-8 JSON with a version. One of another version is not read and not touched.</summary>
internal sealed record HandoverEntry(int Version, HandoverRecord Record)
{
    private const int Present = 1;

    /// <summary>Characters of each text in it: names are shorter, and clauses are cut to it.</summary>
    public const int TextMost = 300;

    public static byte[] Write(HandoverRecord record) => JsonSerializer.SerializeToUtf8Bytes(new HandoverEntry(Present, record), HandoverEntries.Default.HandoverEntry);

    /// <summary>Never throws.</summary>
    /// <returns>Null: damaged, or of another version.</returns>
    public static HandoverRecord? TryRead(byte[] value)
    {
        try
        {
            return JsonSerializer.Deserialize(value, HandoverEntries.Default.HandoverEntry) is { Version: Present, Record: var record } && IsWhole(record) ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Whatever is missing in JSON is null here, whatever the types say.
    private static bool IsWhole(HandoverRecord? record) =>
        record is { Peer: not null, Why: not null } && record.Id > 0 && record.Event > 0 && record.Event <= record.Id && Enum.IsDefined(record.Cause) && Enum.IsDefined(record.End) && record.Moves >= 0
        && IsTime(record.DecidedMs) && IsTime(record.LastDecidedMs) && IsTime(record.FirstOutMs) && IsTime(record.FirstBackMs) && IsTime(record.GapMs) && IsShort(record.Peer) && IsShort(record.Why) && IsShort(record.Reason) && IsWhole(record.From) && IsWhole(record.To);

    private static bool IsWhole(HandoverWay? way) => way is null or { Uplink.Length: <= TextMost, Address.Length: <= TextMost };

    // Infinity, too, is a number to the parser (1e999), and cannot be written again.
    private static bool IsTime(double? milliseconds) => milliseconds is null or (>= 0 and < 1e15);

    private static bool IsShort(string? text) => text is null || text.Length <= TextMost;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(HandoverEntry))]
internal sealed partial class HandoverEntries : JsonSerializerContext;
