using System.Text.Json.Serialization;

namespace Ntm.Interface;

/// <summary>Source-generated JSON of the interface's documents.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(IReadOnlyList<DeviceDocument>))]
[JsonSerializable(typeof(IReadOnlyList<PeerDocument>))]
[JsonSerializable(typeof(JoinOrder))]
[JsonSerializable(typeof(PublishOrder))]
[JsonSerializable(typeof(ResolutionDocument))]
[JsonSerializable(typeof(DoneDocument))]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(PictureDocument))]
public sealed partial class InterfaceJson : JsonSerializerContext;
