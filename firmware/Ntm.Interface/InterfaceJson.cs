using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ntm.Interface;

/// <summary>Source-generated JSON of the interface's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(IReadOnlyList<DeviceDocument>))]
[JsonSerializable(typeof(IReadOnlyList<PeerDocument>))]
[JsonSerializable(typeof(IReadOnlyList<UplinkDocument>))]
[JsonSerializable(typeof(JoinOrder))]
[JsonSerializable(typeof(LeaveOrder))]
[JsonSerializable(typeof(PublishOrder))]
[JsonSerializable(typeof(PublishNodeOrder))]
[JsonSerializable(typeof(PreferOrder))]
[JsonSerializable(typeof(UseOrder))]
[JsonSerializable(typeof(MeteredOrder))]
[JsonSerializable(typeof(SharesDocument))]
[JsonSerializable(typeof(ShareOrder))]
[JsonSerializable(typeof(SharedDocument))]
[JsonSerializable(typeof(AcceptOrder))]
[JsonSerializable(typeof(ResolutionDocument))]
[JsonSerializable(typeof(IReadOnlyList<HandoverDocument>))]
[JsonSerializable(typeof(DrillOrder))]
[JsonSerializable(typeof(DrillDocument))]
[JsonSerializable(typeof(DoneDocument))]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(PictureDocument))]
public sealed partial class InterfaceJson : JsonSerializerContext
{
    /// <summary>What goes over the interface: strict, and base64's + and quotes as they are (it is application/json, never put into HTML).</summary>
    public static InterfaceJson Wire { get; } = new(Choices(JsonUnmappedMemberHandling.Disallow));

    /// <summary>For readers of the gateway's documents: a newer gateway may say more than they know.</summary>
    public static InterfaceJson Lenient { get; } = new(Choices(JsonUnmappedMemberHandling.Skip));

    private static JsonSerializerOptions Choices(JsonUnmappedMemberHandling unknown) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = unknown,
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
