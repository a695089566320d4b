using Ntm.Interface;

namespace Ntm.Cli.Text;

/// <summary>`ntm paths` in words: the used path first, then the others by what is known of them.</summary>
public static class PathsText
{
    private static readonly string[] Order = ["used", "proven", "suspect", "checking", "unproven", "failed"];

    public static void Write(IReadOnlyList<PeerDocument> peers, TextWriter output)
    {
        if (peers.Count == 0)
        {
            PeersText.Write(peers, output);
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
            output.WriteLine($"{peer.Name}  {PeersText.Way(peer)}: {PeersText.Why(peer.Reason)}");
            if (peer.Paths.Count == 0)
            {
                output.WriteLine("  no path is known");
                continue;
            }

            var rows = new List<string[]> { new[] { "STATE", "KIND", "UPLINK", "ADDRESS", "ROUND TRIP", "MTU", "SENT", "RECEIVED", "WHY" } };
            rows.AddRange(peer.Paths.OrderBy(Rank).Select(path => new[]
            {
                path.State,
                path.Kind,
                path.Uplink,
                path.Channel == 0 ? path.Address : FormattableString.Invariant($"{path.Address} channel {path.Channel}"),
                Words.RoundTrip(path.RoundTripMs),
                FormattableString.Invariant($"{path.Mtu} {path.MtuReason.Split(':')[0]}"),
                Words.Bytes(path.BytesSent),
                Words.Bytes(path.BytesReceived),
                PeersText.Why(path.Reason),
            }));
            Columns.Write(output, rows, indent: 2);
        }
    }

    private static int Rank(PathDocument path)
    {
        var rank = Array.IndexOf(Order, path.State);
        return rank < 0 ? Order.Length : rank;
    }
}
