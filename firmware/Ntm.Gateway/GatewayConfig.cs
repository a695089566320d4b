using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Ntm.Crypto;
using Ntm.Hosting;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Uplink;
using Serilog.Events;

namespace Ntm.Gateway;

/// <summary>What the owner wants of the gateway: gateway.json, read strictly (docs/operations.md shows one with every key).</summary>
/// <param name="Data">Folder of the store and the node key.</param>
/// <param name="Socket">The Unix socket of the HTTP interface.</param>
/// <param name="Lan">Null: there is none, this machine is a node alone.</param>
/// <param name="Tun">Name of the overlay's interface; it must not exist yet, unless a gateway left it.</param>
/// <param name="DnsListen">Where the overlay's DNS listens, UDP and TCP; none: nowhere.</param>
/// <param name="Aliases">The alias range, IPv4.</param>
/// <param name="Forwarding">How dnsmasq is told what to ask the overlay's DNS.</param>
public sealed record GatewayConfig(
    string Data, string Socket, LanConfig? Lan, IReadOnlyList<UplinkConfig> Uplinks, string Tun, IReadOnlyList<IPEndPoint> DnsListen, IPNetwork Aliases,
    LogEventLevel Log, NameForwarding Forwarding)
{
    /// <summary>Uplinks at most: their number is part of every path.</summary>
    public const int UplinksMost = 8;

    /// <summary>Beyond as many, the pump's own work is what bounds.</summary>
    public const int LanesMost = 8;

    private const string AnyCipher = "auto", AesByInstructions = "aes-instructions", ChaCha20Poly1305Alone = "chacha20-poly1305";

    private const int InterfaceNameMost = 15; // IFNAMSIZ, less the closing zero

    public string StoreFile => Path.Combine(Data, "gateway.db");

    public string KeyFile => Path.Combine(Data, NodeKeyFile.FileName);

    /// <summary>The alias range's first address, host order.</summary>
    public uint AliasNetwork => BinaryPrimitives.ReadUInt32BigEndian(Aliases.BaseAddress.GetAddressBytes());

    public NodeOptions NodeOptions => new(AliasNetwork, Aliases.PrefixLength, Lan?.Networks ?? []) { Suites = Cipher.Suites, Aes = Cipher.Aes, Lanes = Lanes };

    /// <summary>The cipher suites offered to other nodes besides ChaCha20-Poly1305, and whose AES-256-GCM it is.</summary>
    public (CipherSuites Suites, AesGcmSource Aes) Cipher { get; init; }

    /// <summary>Threads that seal and open packets.</summary>
    public int Lanes { get; init; } = 1;

    /// <exception cref="ConfigException">It cannot be read, or something in it is wrong: the message names each key.</exception>
    public static GatewayConfig Read(string path)
    {
        var file = ConfigSection.Read(path);
        file.RequiredText("data");
        var data = file.FilePath("data", ".");
        var lan = file.Section("lan");
        var dns = file.Section("dns");
        var config = new GatewayConfig(
            data,
            file.FilePath("socket", Path.Combine(data, "gateway.sock")),
            !file.Has("lan") ? null : new LanConfig(
                InterfaceName(lan, "interface"),
                lan.Values<IPNetwork>("networks", "a network such as \"192.168.1.0/24\", its host bits zero", TryNetwork),
                lan.Flag("ipv6", false))
            {
                CaptureDns = lan.Flag("captureDns", true),
                Leases = lan.Has("leases") ? lan.FilePath("leases", "") : null,
            },
            [.. file.Sections("uplinks").Select(uplink => new UplinkConfig(
                uplink.RequiredText("name"), InterfaceName(uplink, "interface"), (ushort)uplink.Number("port", 0, 0, ushort.MaxValue))
            {
                MapsPorts = uplink.Flag("portMapping", true),
                Metered = uplink.Flag("metered", false),
                Thresholds = UplinkTimes.Read(uplink),
                Resolver = uplink.Value<IPEndPoint?>("resolver", "an IP address, with a port where it is not 53", TryResolver, null),
            })],
            file.Value("tun", $"an interface name of 1 to {InterfaceNameMost} characters", TryInterfaceName, "ntm0"),
            [.. dns.Addresses("listen").Select(address => address.ToIPEndPoint())],
            file.Value<IPNetwork>("aliases", "an IPv4 network such as \"198.18.0.0/15\", of length 8 to 30, its host bits zero", TryAliases,
                new IPNetwork(RealAddress.FromIPv4(Limits.AliasNetwork, 1).ToIPAddress(), Limits.AliasPrefixLength)),
            file.Value("log", Logs.Levels, (string text, out LogEventLevel level) => Logs.TryReadLevel(text.ToLowerInvariant(), out level),
                LogEventLevel.Information),
            new NameForwarding(
                dns.Has("dnsmasqServers") ? dns.FilePath("dnsmasqServers", "") : null, dns.Has("dnsmasqPidFile") ? dns.FilePath("dnsmasqPidFile", "") : null))
        {
            Cipher = file.Value<(CipherSuites, AesGcmSource)>(
                "cipher", $"\"{AnyCipher}\", \"{AesByInstructions}\" or \"{ChaCha20Poly1305Alone}\"", TryCipher, (SuitesHere, AesGcmSource.Library)),
            Lanes = file.Number("lanes", Linux.Lanes.For(Environment.ProcessorCount), 1, LanesMost),
        };
        config.Judge(file, lan);
        file.Finish();
        return config;
    }

    /// <summary>What one value alone does not show.</summary>
    private void Judge(ConfigSection file, ConfigSection lan)
    {
        if (Lan is { Networks.Count: 0 })
        {
            lan.Refuse("networks", "is missing or empty: name the LAN's networks, such as [\"192.168.1.0/24\"], so that they are never taken for a way to a peer. "
                + "Where there is no LAN, as on a laptop, leave \"lan\" out.");
        }

        if (Lan?.Networks.FirstOrDefault(network => Overlap(network, Aliases)) is { PrefixLength: > 0 } clash)
        {
            file.Refuse("aliases", $"overlaps the LAN's network {clash}: give the aliases a range that is used nowhere in this home.");
        }

        if (Forwarding.Servers is not null && DnsListen.Count == 0)
        {
            file.Refuse("dns", "has \"dnsmasqServers\" but no \"listen\": say where the overlay's DNS listens, such as [\"127.0.0.1:5354\"].");
        }

        if (Uplinks.Count is 0 or > UplinksMost)
        {
            file.Refuse("uplinks", $"must list 1 to {UplinksMost} uplinks, but lists {Uplinks.Count}.");
        }

        if (Twice(Uplinks.Select(uplink => uplink.Name)) is { } name)
        {
            file.Refuse("uplinks", $"has two uplinks of the name '{name}'. Give each its own.");
        }

        if (Twice([.. Lan is null ? [] : (string[])[Lan.Interface], Tun, .. Uplinks.Select(uplink => uplink.Interface)]) is { Length: > 0 } device)
        {
            file.Refuse("uplinks", $"and \"lan\" and \"tun\" name the interface '{device}' twice. Each needs its own.");
        }

        if (System.Text.Encoding.UTF8.GetByteCount(Socket) > 107)
        {
            file.Refuse("socket", "is longer than the 107 bytes that a Unix socket's path may have. Choose a shorter one.");
        }
    }

    private static string? Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;

    private static bool Overlap(IPNetwork one, IPNetwork other) =>
        one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily && (one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress));

    private static string InterfaceName(ConfigSection section, string key)
    {
        if (!section.Has(key))
        {
            section.RequiredText(key);
            return "";
        }

        return section.Value(key, $"an interface name of 1 to {InterfaceNameMost} characters, as `ip link` shows it", TryInterfaceName, "");
    }

    // Linux allows quotes and asterisks in names; nft's rules, where the names go, do not.
    private static bool TryInterfaceName(string text, out string name)
    {
        name = text;
        return text.Length is > 0 and <= InterfaceNameMost && text is not ("." or "..") && text.All(c => char.IsAscii(c) && c is > ' ' and not ('/' or ':' or '%' or '"' or '\\' or '*'));
    }

    // IPNetwork itself clears host bits; an owner who set some most likely mistyped.
    private static bool TryNetwork(string text, out IPNetwork network) =>
        IPNetwork.TryParse(text, out network) && IPAddress.TryParse(text.AsSpan(0, text.IndexOf('/')), out var given) && given.Equals(network.BaseAddress);

    // What this processor has instructions for.
    private static CipherSuites SuitesHere => CipherHardware.HasAes ? CipherSuites.Aes256Gcm : CipherSuites.None;

    private static bool TryCipher(string text, out (CipherSuites Suites, AesGcmSource Aes) cipher)
    {
        cipher = (text == ChaCha20Poly1305Alone ? CipherSuites.None : SuitesHere, text == AesByInstructions ? AesGcmSource.Instructions : AesGcmSource.Library);
        return text is AnyCipher or AesByInstructions or ChaCha20Poly1305Alone;
    }

    private static bool TryResolver(string text, out IPEndPoint? resolver)
    {
        var good = Resolver.TryRead(text, out var read);
        resolver = read;
        return good;
    }

    private static bool TryAliases(string text, out IPNetwork network) =>
        TryNetwork(text, out network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork && network.PrefixLength is >= 8 and <= 30;
}

/// <param name="Interface">Where the home's devices are.</param>
/// <param name="Networks">Its networks.</param>
/// <param name="IPv6">Whether the devices reach the overlay by IPv6 too: AAAA is answered only then.</param>
public sealed record LanConfig(string Interface, IReadOnlyList<IPNetwork> Networks, bool IPv6)
{
    /// <summary>Whether questions for names that devices send to other resolvers are handed to this router's (<see cref="DnsCapture"/>).</summary>
    public bool CaptureDns { get; init; } = true;

    /// <summary>dnsmasq's lease file (<see cref="LeaseFile"/>); null: none is read.</summary>
    public string? Leases { get; init; }
}

/// <param name="Name">The owner's name for it.</param>
/// <param name="Interface">Its interface.</param>
/// <param name="Port">UDP port; 0: one that is free, kept from then on, so that a restart keeps its NAT mapping.</param>
public sealed record UplinkConfig(string Name, string Interface, ushort Port)
{
    /// <summary>Whether the box in front of it is asked to open the port (PCP, NAT-PMP, UPnP).</summary>
    public bool MapsPorts { get; init; } = true;

    /// <summary>Whether the owner pays for what goes there.</summary>
    public bool Metered { get; init; }

    /// <summary>When it counts as lost, and when as back.</summary>
    public UplinkThresholds Thresholds { get; init; } = new();

    /// <summary>Its network's DNS, which is asked for the network's NAT64; null: the system's.</summary>
    public IPEndPoint? Resolver { get; init; }
}
