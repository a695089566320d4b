using System.Net.Sockets;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Relay;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Relaying;

/// <summary>A relay in a process of its own: the core of `ntm-relay` in its pump. Its private key and an invite come on standard input; it ends with it.</summary>
internal static class RelayPeer
{
    /// <param name="options">Namespace, and the endpoint it announces.</param>
    public static int Run(string[] options)
    {
        var key = new StaticKeyPair(Convert.FromBase64String(Console.ReadLine()!));
        if (!RealAddress.TryParse(options[1], out var endpoint) || !InviteCode.TryRead(Console.ReadLine(), out var invite, out var grant, out _)
            || !BindingCheck.TryVouch(InviteCode.Bind(invite, grant.Name, key.Public, DateTimeOffset.UtcNow), invite.OwnerPublicKey.ToByteArray(), grant.Zone, out var vouched, out _))
        {
            return 2;
        }

        // As it would be kept after a join.
        var membership = new Membership(invite.OwnerPublicKey.ToByteArray(), vouched, [.. invite.Coordinators]);
        var core = new RelayCore(new RelayModel([endpoint]), key, SystemEntropy.Instance, membership.ToStore());
        using var pump = new Pump(core, new PumpOptions
        {
            Name = "relay",
            BatchSlots = Limits.RelayBatchSlots,
            AfterEach = _ =>
            {
                while (core.TryTakeEvent(out var _))
                {
                }
            },
            OnBug = e => Console.Error.WriteLine(e),
        });
        pump.AddSocket(NetworkNamespace.Run(options[0], () => UdpSocket.Open(AddressFamily.InterNetwork, endpoint.Port, counters: pump.Counters, batch: Limits.RelayBatchSlots)));
        pump.Start();
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } question)
        {
            // What it has done until now, for whoever measures.
            Console.WriteLine(pump.Ask(now => string.Join(' ', Say(question, now, pump, core))).Result);
        }

        return 0;
    }

    private static IEnumerable<string> Say(string question, Now now, Pump pump, RelayCore core)
    {
        var socket = pump.Sockets[0];
        yield return $"received={socket.DatagramsReceived}/{socket.MessagesReceived} sent={socket.DatagramsSent}/{socket.MessagesSent}";
        yield return $"allocated={GC.GetAllocatedBytesForCurrentThread()}";
        if (question == "all")
        {
            foreach (var (reason, count) in core.Describe(now).Counters.Concat(pump.Counters.All))
            {
                yield return $"{reason}={count}";
            }
        }
    }
}
