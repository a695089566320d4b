using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm peers` in words.</summary>
public static class PeersText
{
    public static void Write(IReadOnlyList<PeerDocument> peers, TextWriter output)
    {
        if (peers.Count == 0)
        {
            output.WriteLine("No tunnel with another home yet. One is made when a device asks for a name there.");
            return;
        }

        var first = true;
        foreach (var peer in peers)
        {
            if (!first)
            {
                output.WriteLine();
            }

            first = false;
            output.WriteLine($"{peer.Name}  {Way(peer)}");
            var rows = new List<string[]>
            {
                new[] { "why", Why(peer.Reason) },
                new[] { "address", peer.Vip },
                new[] { "key", peer.PublicKey },
                new[] { "cipher", peer.Cipher ?? "none now" },
                new[] { "handshake", Words.Ago(peer.LastHandshakeMs) },
                new[] { "heard", Words.Ago(peer.LastReceivedMs) },
                new[] { "traffic", Words.Traffic(peer.BytesReceived, peer.BytesSent) },
            };
            rows.AddRange(peer.Aliases.Select(alias => new[] { "alias", $"{alias.Alias} stands for {alias.Name ?? alias.Vip}" }));
            Columns.Write(output, rows, indent: 2);
        }
    }

    /// <summary>A reason without the word that <see cref="Way"/> says already.</summary>
    public static string Why(string reason) =>
        reason.StartsWith("direct: ", StringComparison.Ordinal) || reason.StartsWith("relay: ", StringComparison.Ordinal) ? reason[(reason.IndexOf(' ') + 1)..] : reason;

    /// <summary>How a peer is reached, in a word or two.</summary>
    public static string Way(PeerDocument peer) => peer.Established ? peer.Direct ? "direct" : "through a relay" : "no tunnel now";
}
