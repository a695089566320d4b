using System.Globalization;

namespace Ntm.Protocol;

/// <summary>
/// A path: one way to reach a peer (docs/protocol.md section 5). Called WirePath because System.IO has the shorter name.
/// </summary>
/// <param name="Uplink">The local uplink's number, from 0; programs with one socket pair use 0.</param>
/// <param name="Remote">The real address datagrams go to or came from: the peer's, or the relay's where there is a channel.</param>
/// <param name="Channel">The relay channel, 24 bits; 0 off relays.</param>
public readonly record struct WirePath(int Uplink, RealAddress Remote, uint Channel)
{
    public bool IsRelayed => Channel != 0;

    public bool IsNone => Remote.IsNone;

    public override string ToString() => IsNone ? "none" : Channel == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Remote} on uplink {Uplink}")
        : string.Create(CultureInfo.InvariantCulture, $"relay {Remote} channel {Channel} on uplink {Uplink}");
}
