namespace Ntm.Protocol;

/// <summary>What a core wants kept over a power cut. The program writes it to its store; at start it hands all entries back.</summary>
/// <param name="Collection">Which table, a constant of the core.</param>
/// <param name="Key">Unique in the collection.</param>
/// <param name="Value">Serialised Protocol Buffers or UTF-8 JSON; null takes the entry away.</param>
public sealed record StoreWrite(string Collection, string Key, byte[]? Value);
