using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ntm.Protocol;

namespace Ntm.Relay;

/// <summary>What a relay keeps over a power cut besides its membership. Expiries are Unix seconds, because boot time starts anew.</summary>
internal static class RelayMemory
{
    public const string Leases = "relay-leases";
    public const string Pairings = "relay-pairings";
    public const string Nodes = "relay-nodes";
    public const string Addresses = "relay-addresses";
    public const string Timestamp = "tunnel-timestamp";

    /// <summary>The only key of <see cref="Timestamp"/>.</summary>
    public const string Mark = "mark";

    public static string KeyOf(uint channel) => channel.ToString("x6", CultureInfo.InvariantCulture);

    public static byte[] Write(StoredLease lease) => JsonSerializer.SerializeToUtf8Bytes(lease, RelayJson.Default.StoredLease);

    public static byte[] Write(StoredPairing pairing) => JsonSerializer.SerializeToUtf8Bytes(pairing, RelayJson.Default.StoredPairing);

    public static byte[] Write(StoredAddress address) => JsonSerializer.SerializeToUtf8Bytes(address, RelayJson.Default.StoredAddress);

    public static bool TryRead(byte[] value, [NotNullWhen(true)] out StoredLease? lease) =>
        Try(() => JsonSerializer.Deserialize(value, RelayJson.Default.StoredLease), out lease);

    public static bool TryRead(byte[] value, [NotNullWhen(true)] out StoredPairing? pairing) =>
        Try(() => JsonSerializer.Deserialize(value, RelayJson.Default.StoredPairing), out pairing);

    public static bool TryRead(byte[] value, [NotNullWhen(true)] out StoredAddress? address) =>
        Try(() => JsonSerializer.Deserialize(value, RelayJson.Default.StoredAddress), out address);

    /// <summary>When something that ends at boot time <paramref name="expires"/> does so by the wall.</summary>
    public static long ToWall(Now now, TimeSpan expires) => (now.Wall + (expires - now.Boot)).ToUnixTimeSeconds();

    /// <summary>The boot time of a kept expiry: at most <paramref name="most"/> from now, because the wall clock may have been set back meanwhile.</summary>
    public static TimeSpan ToBoot(Now now, long expires, TimeSpan most)
    {
        var left = Math.Clamp(expires - now.Wall.ToUnixTimeSeconds(), 0, (long)most.TotalSeconds);
        return now.Boot + TimeSpan.FromSeconds(left);
    }

    private static bool Try<T>(Func<T?> read, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = read();
            return value is not null;
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }
}

internal sealed record StoredLease(uint First, uint Count, string Coordinator, long Expires);

internal sealed record StoredPairing(uint ChannelA, string KeyA, uint ChannelB, string KeyB, string Coordinator, long Expires);

internal sealed record StoredAddress(int Uplink, string Address);

[JsonSerializable(typeof(StoredLease))]
[JsonSerializable(typeof(StoredPairing))]
[JsonSerializable(typeof(StoredAddress))]
internal sealed partial class RelayJson : JsonSerializerContext;
