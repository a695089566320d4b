using Ntm.Crypto;
using Ntm.Tunnel;

namespace Ntm.Fast.Tests.Tunnels;

/// <summary>
/// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s against the published vector of the cacophony test suite (the one most Noise implementations carry). WireGuard's
/// handshake is this pattern with its own prologue and payloads.
/// </summary>
public sealed class NoisePatternTests
{
    private static readonly byte[] Prologue = "John Galt"u8.ToArray();
    private static readonly byte[] PresharedKey = "This is my Austrian perspective!"u8.ToArray();
    private static readonly byte[] InitiatorStatic = Convert.FromHexString("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1");
    private static readonly byte[] InitiatorEphemeral = Convert.FromHexString("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a");
    private static readonly byte[] ResponderStatic = Convert.FromHexString("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893");
    private static readonly byte[] ResponderPublic = Convert.FromHexString("31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62");
    private static readonly byte[] ResponderEphemeral = Convert.FromHexString("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b");
    private static readonly byte[] HandshakeHash = Convert.FromHexString("f5191b875290abcd41347ac3622d9679688a7e980229cb937ef748336cfde0e5");

    private static readonly byte[] FirstPayload = "Ludwig von Mises"u8.ToArray();

    private static readonly byte[] First = Convert.FromHexString(
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944001e21de9f98ddd8e2ad57527207feb56253c9c94a9e496782ecfcb2a75fbcaf"
        + "1b52948cc48daefe660c62119ab5000980c84831215f2441eba616548e832985464cf17e51ee93109008399a21f7e13f");

    private static readonly byte[] SecondPayload = "Murray Rothbard"u8.ToArray();

    private static readonly byte[] Second = Convert.FromHexString(
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843cb765f2caef0751b8f007572dab0322217755c0632f365717edbf34d33e87a");

    [Fact]
    public void The_initiator_writes_and_reads_what_the_vector_says()
    {
        var initiatorPublic = PublicOf(InitiatorStatic);
        using var state = NoiseState.Start(Prologue, ResponderPublic);
        var first = new byte[NoisePattern.FirstOverhead + FirstPayload.Length];
        Assert.True(NoisePattern.TryWriteFirst(state, InitiatorEphemeral, initiatorPublic, ResponderPublic, StaticStatic(), FirstPayload, first));
        Assert.Equal(First, first);

        var payload = new byte[SecondPayload.Length];
        Assert.True(NoisePattern.TryReadSecond(state, InitiatorEphemeral, InitiatorStatic, PresharedKey, Second, payload));
        Assert.Equal(SecondPayload, payload);
        Assert.Equal(HandshakeHash, state.Hash.ToArray());
        CheckTransport(state);
    }

    [Fact]
    public void The_responder_reads_and_writes_what_the_vector_says()
    {
        using var state = NoiseState.Start(Prologue, ResponderPublic);
        var claimed = new byte[32];
        Assert.True(NoisePattern.TryReadFirstStatic(state, ResponderStatic, First, claimed));
        Assert.Equal(PublicOf(InitiatorStatic), claimed);
        var payload = new byte[FirstPayload.Length];
        Assert.True(NoisePattern.TryReadFirstPayload(state, StaticStatic(), First, payload));
        Assert.Equal(FirstPayload, payload);

        var second = new byte[NoisePattern.SecondOverhead + SecondPayload.Length];
        Assert.True(NoisePattern.TryWriteSecond(state, ResponderEphemeral, First.AsSpan(0, 32), claimed, PresharedKey, SecondPayload, second));
        Assert.Equal(Second, second);
        Assert.Equal(HandshakeHash, state.Hash.ToArray());
        CheckTransport(state);
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_refused()
    {
        for (var i = 0; i < First.Length; i++)
        {
            var bad = (byte[])First.Clone();
            bad[i] ^= 0x04;
            using var state = NoiseState.Start(Prologue, ResponderPublic);
            Assert.False(NoisePattern.TryReadFirstStatic(state, ResponderStatic, bad, new byte[32])
                && NoisePattern.TryReadFirstPayload(state, StaticStatic(), bad, new byte[FirstPayload.Length]));
        }
    }

    // The vector's third and fourth messages are transport messages with counter 0, one each way; the fifth has the initiator's counter 1.
    private static void CheckTransport(NoiseState state)
    {
        var initiatorKey = new byte[32];
        var responderKey = new byte[32];
        state.Split(initiatorKey, responderKey);
        Assert.Equal("8153ca9833bc3c1b91a7e66e5f4d4f5b59bf9e64c2f20d15f0bba7", Sealed(initiatorKey, 0, "F. A. Hayek"));
        Assert.Equal("07af0c9c86e1b4e80f36b04ff7688d51141af3debd0332f0a705ef", Sealed(responderKey, 0, "Carl Menger"));
        Assert.Equal("6ab1467c0448cc78394494abaaf23afce0e234315d6e2624dcbfa8a21c1c4d073d", Sealed(initiatorKey, 1, "Jean-Baptiste Say"));
    }

    private static string Sealed(byte[] key, ulong counter, string text)
    {
        using var cipher = new ChaCha20Poly1305(key);
        var bytes = new byte[text.Length + 16];
        System.Text.Encoding.ASCII.GetBytes(text, bytes);
        cipher.Seal(counter, default, bytes.AsSpan(0, text.Length), bytes.AsSpan(text.Length));
        return Convert.ToHexStringLower(bytes);
    }

    private static byte[] StaticStatic()
    {
        var shared = new byte[32];
        Assert.True(X25519.TryAgree(InitiatorStatic, ResponderPublic, shared));
        return shared;
    }

    private static byte[] PublicOf(byte[] privateKey)
    {
        var key = new byte[32];
        X25519.PublicKey(privateKey, key);
        return key;
    }
}
