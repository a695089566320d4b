using Ntm.Crypto;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Real.Tests.Interop;
using Ntm.Tunnel;

namespace Ntm.Benchmarks.Contestants;

/// <summary>One end of our path in a process of its own, as wireguard-go has one. Its private key comes on standard input; it ends with it.</summary>
internal static class PathPeer
{
    /// <summary>As a further option: both ends have AES-256-GCM.</summary>
    public const string Aes = "aes-256-gcm";

    /// <summary>The same by our own code in place of libcrypto's.</summary>
    public const string AesInstructions = "aes-256-gcm-instructions";

    /// <param name="options">Namespace, the peer's public key, endpoint, port, address inside; and, where it is wanted, a suite.</param>
    public static int Run(string[] options)
    {
        var key = new StaticKeyPair(Convert.FromBase64String(Console.ReadLine()!));
        if (!PublicKey.TryParse(options[1], out var peer) || !RealAddress.TryParse(options[2], out var endpoint))
        {
            return 2;
        }

        var suites = options is [.., Aes or AesInstructions] ? CipherSuites.Aes256Gcm : CipherSuites.None;
        using var end = new OurPeer(options[0], key, peer, endpoint, int.Parse(options[3]), [options[4]], suites: new SuiteAgreement(suites, suites), lanes: Lanes.For(Environment.ProcessorCount),
            aes: options is [.., AesInstructions] ? AesGcmSource.Instructions : AesGcmSource.Library);
        Console.WriteLine("ready");
        Console.ReadLine();
        foreach (var (reason, count) in end.Ask(() => end.Pump.Counters.All.Concat(end.Core.Table.Counters.All).ToList()))
        {
            Console.Error.WriteLine($"{options[0]}: {reason} {count}");
        }

        return 0;
    }
}
