using System.Text;
using Google.Protobuf;
using Ntm.Crypto;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;
using Ntm.Signalling;
using Ntm.Signalling.Trust;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Convention;

/// <summary>The example of docs/protocol.md, made by the code: every value that another implementation can make by itself from the inputs above it.</summary>
internal static class WorkedExample
{
    private const string Zone = "home.example";

    public static IReadOnlyList<(string Name, string Value)> Lines()
    {
        var lines = new List<(string, string)>();
        var (alice, bob) = (Key(0x11), Key(0x22));
        var owner = new OwnerKey(Filled(0x33));
        var addressing = new ZoneAddressing(Zone);
        var hash = new byte[Blake2s.Size];
        Add("alice's private key", Filled(0x11));
        Add("alice's public key", alice.Public.ToArray());
        Add("bob's private key", Filled(0x22));
        Add("bob's public key", bob.Public.ToArray());
        Blake2s.Hash("ntm zone\0"u8, Encoding.ASCII.GetBytes(Zone), hash);
        Add("zone hash", hash);
        Blake2s.Hash(Encoding.ASCII.GetBytes($"ntm node\0{Zone}\0"), alice.Public.ToArray(), hash);
        Add("alice's hash", hash);
        lines.Add(("alice's address", addressing.Node(alice.Public).ToString()));
        lines.Add(("bob's address", addressing.Node(bob.Public).ToString()));
        Add("owner's seed", Filled(0x33));
        Add("owner's public key", owner.Public);

        var coordinator = new Server { PublicKey = Key(0x44).Public.ToWire() };
        coordinator.Endpoints.Add(RealAddress.From(new(System.Net.IPAddress.Parse("203.0.113.10"), 4916)).ToWire());
        var invite = owner.Invite(Zone, Role.Node, "alice", DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), [coordinator], new Fixed(0x55));
        Add("one-time seed", Filled(0x55));
        Add("grant", invite.Grant.Span);
        Add("grant, signature", invite.GrantSignature.Span);
        lines.Add(("invite code", InviteCode.Write(invite)));
        var signed = InviteCode.Bind(invite, "alice", alice.Public, DateTimeOffset.FromUnixTimeSeconds(1_790_000_000));
        Add("binding", signed.Binding.Span);
        Add("binding, signature", signed.BindingSignature.Span);
        Assert.True(BindingCheck.TryVouch(signed, owner.Public, Zone, out var vouched, out _));
        var removal = owner.Remove(vouched, DateTimeOffset.FromUnixTimeSeconds(1_795_000_000));
        Add("removal", removal.Removal.Span);
        Add("removal, signature", removal.Signature.Span);

        // From alice to bob, before it is sealed.
        var message = new Signal { PathCheck = new() { Id = 0x0102_0304_0506_0708 } }.ToByteArray();
        var frame = new byte[SignalFrame.HeaderSize + message.Length];
        SignalFrame.Write(frame, addressing.Node(alice.Public), addressing.Node(bob.Public), message);
        Add("path check", message);
        Add("path check, inner packet", frame);

        var header = new byte[16];
        header[0] = TunnelMessage.Transport;
        TunnelMessage.WriteChannel(header, 0x0A_0B_0C);
        Add("first bytes on relay channel 0x0a0b0c", header.AsSpan(0, 4));
        Blake2s.Hash("mac1----"u8, bob.Public.ToArray(), hash);
        Add("mac1 key towards bob", hash);
        return lines;

        void Add(string name, ReadOnlySpan<byte> bytes) => lines.Add((name, Convert.ToHexStringLower(bytes)));
    }

    private static StaticKeyPair Key(byte of) => new(Filled(of));

    private static byte[] Filled(byte with) => [.. Enumerable.Repeat(with, 32)];

    private sealed class Fixed(byte with) : IEntropy
    {
        public void Fill(Span<byte> bytes) => bytes.Fill(with);
    }
}
