using System.Text.Json.Serialization;

namespace Ntm.Node.Sharing;

// What the sharing room keeps over a power cut: UTF-8 JSON with a version each. Bytes are base64.

internal sealed record GivenShareEntry(int Version, string For, int Number, byte[] Key, string Ports, long Expires, string? Zone, byte[]? OwnerKey);

/// <param name="Last">The highest id ever given.</param>
internal sealed record ShareMarkEntry(int Version, int Last);

/// <param name="Offer">A serialised ShareOffer without its seed.</param>
/// <param name="Acceptance">A serialised SignedAcceptance.</param>
internal sealed record TakenShareEntry(int Version, byte[] Offer, byte[] Acceptance);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GivenShareEntry))]
[JsonSerializable(typeof(ShareMarkEntry))]
[JsonSerializable(typeof(TakenShareEntry))]
internal sealed partial class SharedEntries : JsonSerializerContext
{
    public const int Version = 1;
}
