using Ntm.Crypto;
using Ntm.Linux;
using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Real.Tests.Interop;

/// <summary>The least core that is a plain WireGuard peer: one stock tunnel between the wire and the TUN.</summary>
internal sealed class StockCore : ICore
{
    /// <param name="endpoint">Where the peer is; null: it comes to us.</param>
    /// <param name="presharedKey">32 bytes, or empty.</param>
    /// <param name="lanes">As many as its pump has.</param>
    public StockCore(StaticKeyPair key, PublicKey peer, RealAddress? endpoint, ReadOnlySpan<byte> presharedKey = default, int lanes = 1, AesGcmSource aes = AesGcmSource.Library)
    {
        Table = new TunnelTable(key, SystemEntropy.Instance, Outbox, lanes: lanes, aes: aes);
        Tunnel = Table.Add(peer, TunnelKind.Stock, presharedKey);
        if (endpoint is { } address)
        {
            Tunnel.SendPath = new WirePath(0, address, 0);
        }
    }

    public TunnelTable Table { get; }

    public Ntm.Tunnel.Tunnel Tunnel { get; }

    public Outbox Outbox { get; } = new();

    public TimeSpan NextDeadline => Table.NextDeadline;

    public IBatchWork? Ahead(Now now, PacketBatch batch) => Table.OpenAhead(now, batch);

    public IBatchWork? Left => Table.LeftToSeal;

    public void ReceiveDatagrams(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (Table.Open(now, batch[i], out _) == OpenVerdict.Data)
            {
                batch[i].Disposition = Disposition.ToTun;
            }
        }
    }

    public void ReceivePackets(Now now, PacketBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            Table.Seal(now, Tunnel, batch[i], mayWait: true);
        }
    }

    public void HandleTimeout(Now now) => Table.HandleTimeout(now);
}
