using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Node;
using Ntm.Protocol;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Scaling;

/// <summary>A node with many peers in a process of its own: the gateway's core, pump, TUN and socket. Its private key and an invite come on standard input; it ends with it.</summary>
internal static class HubPeer
{
    /// <param name="options">Namespace, and its address there.</param>
    public static int Run(string[] options)
    {
        var key = new StaticKeyPair(Convert.FromBase64String(Console.ReadLine()!));
        if (!RealAddress.TryParse(options[1], out var address) || !InviteCode.TryRead(Console.ReadLine(), out var invite, out var grant, out _)
            || !BindingCheck.TryVouch(InviteCode.Bind(invite, grant.Name, key.Public, DateTimeOffset.UtcNow), invite.OwnerPublicKey.ToByteArray(), grant.Zone, out var vouched, out _))
        {
            return 2;
        }

        // As it would be kept after a join.
        var membership = new Membership(invite.OwnerPublicKey.ToByteArray(), vouched, [.. invite.Coordinators]);
        var core = new NodeCore(key, SystemEntropy.Instance, NodeOptions.Default, membership.ToStore());
        using var pump = new Pump(core, new PumpOptions
        {
            Name = "hub",
            AfterEach = _ =>
            {
                while (core.TryTakeEvent(out var _))
                {
                }
            },
            OnBug = e => Console.Error.WriteLine(e),
        });
        var tun = NetworkNamespace.Run(options[0], () => Tun.Open("ntm0", counters: pump.Counters));
        pump.SetTun(tun);
        pump.AddSocket(NetworkNamespace.Run(options[0], () => UdpSocket.Open(AddressFamily.InterNetwork, address.Port, counters: pump.Counters)));
        pump.Start();
        pump.Post(now => core.UplinkChanged(now, new UplinkState(0, "wan", true, "it has an address", [address])));
        var zone = new ZoneAddressing(grant.Zone);
        var own = zone.Node(key.Public).ToIPAddress();
        tun.AddAddress(own, 128);
        tun.AddRoute(new IPNetwork(zone.Prefix.ToIPAddress(), 48), source: own);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } question)
        {
            Console.WriteLine(question switch
            {
                "heap" => (GC.GetTotalMemory(forceFullCollection: true) / 1e6).ToString(CultureInfo.InvariantCulture),
                "allocated" => pump.Ask(_ => GC.GetAllocatedBytesForCurrentThread()).Result.ToString(CultureInfo.InvariantCulture),
                "tunnels" => pump.Ask(now => core.Describe(now).Peers.Count(p => p.Established)).Result.ToString(CultureInfo.InvariantCulture),
                _ => string.Join(", ", pump.Ask(now => core.Describe(now).Counters.Concat(pump.Counters.All).ToList()).Result),
            });
        }

        return 0;
    }
}
